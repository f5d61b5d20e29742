import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { call, counts, dense, emulate, parquet, runToEnd, tempDir } from './support.js';

const ONE = dense(`('a', [1, 2], NULL)`);
const TWO = dense(`('b', [3, 4], NULL)`);

async function put(uri: string, key: string, text = ''): Promise<void> {
  const path = join(fileURLToPath(uri), key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

describe('the layout of an import directory', () => {
  it('refuses a file outside every namespace', async () => {
    const { url } = await emulate();
    const uri = await parquet({ '0.parquet': ONE, 'ns/1.parquet': TWO });
    const end = await runToEnd(url, uri);
    expect(end).toMatchObject({ status: 'Failed', percentComplete: 0, recordsImported: 0 });
    expect(end.error).toBe(
      `User error: "${fileURLToPath(uri)}0.parquet": No namespace detected. Each file should be nested under a ` +
        'subdirectory of the URI prefix. This indicates which namespace it should be imported into.',
    );
    expect(await counts(url)).toEqual({});
  });

  it('refuses a URI that names a file', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': ONE });
    const end = await runToEnd(url, `${uri}ns/0.parquet`);
    expect(end.error).toBe(
      `User error: "${fileURLToPath(uri)}ns/0.parquet": It looks like you specified a complete path to a parquet file as ` +
        'the URI prefix to import from. Note that the URI prefix should give an ancestor directory with subdirectories to ' +
        'specify each namespace to import into. See ' +
        'https://docs.pinecone.io/guides/data/understanding-imports#directory-structure.',
    );
  });

  it('refuses a URI that names the directory of a namespace', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': ONE });
    expect((await runToEnd(url, `${uri}ns/`)).error).toContain('ns/0.parquet": No namespace detected.');
  });

  it.each([
    ['a directory without Parquet files', async (uri: string) => put(uri, 'ns/.log', 'x')],
    ['an empty directory', async () => undefined],
  ])('refuses %s', async (_, fill) => {
    const { url } = await emulate();
    const uri = `${pathToFileURL(await tempDir()).href}/`;
    await fill(uri);
    expect((await runToEnd(url, uri)).error).toBe(
      `User error: No Parquet files found under "${uri}". Files must be stored with the specified bucket prefix.`,
    );
  });

  it('refuses a directory that is not there', async () => {
    const { url } = await emulate();
    const uri = `${pathToFileURL(await tempDir()).href}/none/`;
    expect((await runToEnd(url, uri)).error).toBe(
      `User error: No Parquet files found under "${uri}". Files must be stored with the specified bucket prefix.`,
    );
  });

  it('refuses a namespace directory without Parquet files beside others that have some', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': ONE });
    await put(uri, 'empty/readme.txt', 'x');
    expect((await runToEnd(url, uri)).error).toBe(
      `User error: No Parquet files found under "${uri}empty". Files must be stored with the specified bucket prefix.`,
    );
  });

  it('ignores other files in a namespace, with or without a slash at the end of the URI', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': ONE });
    await put(uri, 'ns/.log', 'x');
    expect((await runToEnd(url, uri.slice(0, -1))).status).toBe('Completed');
    expect(await counts(url)).toEqual({ ns: 1 });
  });

  it('refuses a namespace that exists, and leaves the others of that import alone', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'namespace1/0.parquet': ONE });
    expect((await runToEnd(url, uri)).status).toBe('Completed');
    const again = await parquet({ 'namespace1/0.parquet': ONE, 'aaa/0.parquet': TWO });
    expect((await runToEnd(url, again)).error).toBe(
      'User error: The namespace "namespace1" already exists. Imports are only allowed into nonexistent namespaces.',
    );
    expect(await counts(url)).toEqual({ namespace1: 1 });
    await call(url, 'DELETE', '/namespaces/namespace1');
    expect((await runToEnd(url, again)).status).toBe('Completed');
    expect(await counts(url)).toEqual({ namespace1: 1, aaa: 1 });
  });

  it('takes the default namespace while it is empty, though it exists', async () => {
    const { url } = await emulate();
    await call(url, 'POST', '/namespaces', { name: '__default__' });
    const uri = await parquet({ '__default__/0.parquet': ONE });
    expect((await runToEnd(url, uri)).status).toBe('Completed');
    expect((await runToEnd(url, uri)).error).toContain('The namespace "__default__" already exists.');
  });

  it('lets only one of two imports at once have a namespace', async () => {
    const { url } = await emulate({ importMs: 50 });
    const uri = await parquet({ 'ns/0.parquet': ONE });
    const ends = await Promise.all([runToEnd(url, uri), runToEnd(url, uri)]);
    expect(ends.map((end) => end.status).sort()).toEqual(['Completed', 'Failed']);
  });

  it.each([
    [{ filesPerImport: 1 }, 'Exceeds system limit: Max files per import is 1, got 2'],
    [{ namespacesPerImport: 1 }, 'Exceeds system limit: Max namespaces per import is 1, got 2'],
    [{ bytesPerFile: 10 }, /^Exceeds system limit: Max size per file in bytes is 10, got /],
    [{ bytesPerImport: 10 }, /^Exceeds system limit: Max size per import in bytes is 10, got /],
  ])('keeps to the limit %o', async (limits, text) => {
    const { url } = await emulate({ limits });
    const uri = await parquet({ 'a/0.parquet': ONE, 'b/0.parquet': TWO });
    expect((await runToEnd(url, uri)).error).toMatch(text);
  });
});
