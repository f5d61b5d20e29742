import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readAll } from '../readers/parquet/support.js';
import { useTempDir } from '../support/temp-dir.js';

const PYTHON = process.env['PINELOAD_TEST_PYTHON'] ?? 'python3';
const temp = useTempDir();

beforeAll(() => {
  mkdirSync(temp('files'));
  execFileSync(PYTHON, [fileURLToPath(new URL('parquet_inputs.py', import.meta.url)), temp('files')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}, 60_000);

describe('Parquet as other tools write it', () => {
  it.each([
    'pyarrow',
    'pyarrow-double-v2',
    'pyarrow-fixed',
    'pyarrow-large',
    'pyarrow-item',
    'pyarrow-dictionary',
    'pyarrow-delta',
    'pandas',
    'polars',
  ])('%s', async (name) => {
    const { rows, rejects } = await readAll(temp('files', `${name}.parquet`), {
      idField: '_id',
      valuesField: 'emb',
      metadataFields: ['title', 'tags', 'at'],
    });
    expect(rejects).toEqual([]);
    expect(rows).toHaveLength(700);
    rows.forEach(({ id, line, values, metadata }, i) => {
      expect([id, line]).toEqual([String(i), i + 1]);
      expect(values).toEqual([0, 1, 2, 3, 4, 5].map((k) => Math.fround(i + 0.1 * k)));
      const at = new Date(Date.UTC(2024, 1, 29, 12 + i)).toISOString().replace('.000Z', 'Z');
      expect(JSON.parse(metadata!)).toEqual({
        ...(i % 5 === 0 ? {} : { title: `title ${i} ü\n` }),
        ...(i % 3 === 0 ? {} : { tags: ['a', `b${i}`].slice(0, i % 3) }),
        at,
      });
    });
  });
});
