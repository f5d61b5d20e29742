import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { call, emulate, runToEnd, tempDir } from './support.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');

describe('files of other writers', async () => {
  const files = (await readdir(FIXTURES)).filter((name) => name.endsWith('.parquet'));

  it.each(files)('%s is read exactly', async (name) => {
    const { url } = await emulate({ indexes: [{ name: 'hybrid', dimension: 2, metric: 'dotproduct' }] });
    const root = await tempDir();
    await mkdir(join(root, 'ns'));
    await cp(join(FIXTURES, name), join(root, 'ns', '0.parquet'));
    expect(await runToEnd(url, `${pathToFileURL(root).href}/`)).toMatchObject({
      status: 'Completed',
      recordsImported: 2,
    });
    const { body } = await call(url, 'GET', '/vectors/fetch?ids=a&ids=b&namespace=ns');
    expect(body.vectors).toEqual({
      a: { id: 'a', values: [1, 2], sparseValues: { indices: [7, 4294967295], values: [0.5, 1] }, metadata: { n: 1 } },
      b: { id: 'b', values: [3, 4] },
    });
  });

  it('there are some', () => expect(files.length).toBeGreaterThanOrEqual(8));
});
