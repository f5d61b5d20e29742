import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FILE_RULES } from '../../src/validate/file-rules.js';

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
});
