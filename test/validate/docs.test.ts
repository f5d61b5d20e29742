import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { validate } from '../../src/pipeline/validate.js';
import { FILE_RULES } from '../../src/validate/file-rules.js';
import { useTempDir } from '../support/temp-dir.js';
import { DENSE, writeParquet } from './support.js';

const temp = useTempDir();
const page = readFileSync(fileURLToPath(new URL('../../docs/validate.md', import.meta.url)), 'utf8');

describe('docs/validate.md', () => {
  it('lists every rule over files as the code has it, and no other', () => {
    const rows = [...page.matchAll(/^\| `([A-Z_0-9]+)` +\| (\w+) +\| (\w+) +\| (.*?) +\|$/gm)].map(
      ([, ...cells]) => cells,
    );
    const rules = Object.entries(FILE_RULES).map(([code, { severity, basis, title }]) => [
      code,
      severity,
      basis,
      title,
    ]);
    expect(rows).toEqual(rules);
  });

  it('lists every key that a report has as JSON, and its type', async () => {
    await writeParquet(temp('all/ns/0.parquet'), DENSE(20, `CASE WHEN i = 4 THEN '' ELSE 'r' || i END`));
    await writeParquet(temp('all/stray.parquet'), DENSE(3, undefined, undefined, `'{"a":null}'`));
    const { report } = await validate({ uri: temp('all'), sample: 10, dimension: 3 });
    const json = JSON.parse(JSON.stringify({ ...report, index: 'name', html: 'page.html' })) as Record<string, unknown>;
    expect(typesOf(json)).toEqual(tableOf('key'));
    const findings = json.findings as Record<string, unknown>[];
    const all = Object.assign({}, { hint: 'some' }, ...findings) as Record<string, unknown>;
    expect(Object.entries(typesOf(all)).sort()).toEqual(Object.entries(tableOf('key of a finding')).sort());
    for (const finding of findings)
      expect(finding).toMatchObject({ code: expect.any(String), message: expect.any(String) });
    expect(findings.find(({ code }) => code === 'ID_EMPTY')).toMatchObject({ row: 4, id: '', field: 'id' });
    expect(report.seconds).toBe(Math.round(report.seconds * 1000) / 1000);
  });
});

/** Keys and types in the table that begins with this heading. */
function tableOf(heading: string): Record<string, string> {
  const table = page.split('\n\n').find((part) => part.startsWith(`| ${heading} `))!;
  return Object.fromEntries([...table.matchAll(/^\| `(\w+)` +\| (\w+) +\|/gm)].map(([, key, type]) => [key!, type!]));
}

function typesOf(object: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, Array.isArray(value) ? 'list' : typeof value]),
  );
}
