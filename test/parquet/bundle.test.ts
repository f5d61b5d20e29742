import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFileBytes } from './harness.js';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** Writes the same file as the test does, with nothing but dist/ there. */
const SCRIPT = `
import { ParquetFileWriter } from './dist/parquet/file-writer.js';
import { toPlainTexts } from './dist/parquet/row-group.js';
const writes = [];
const sink = {
  write: async (bytes) => void writes.push(bytes),
  close: async () => ({ bytes: writes.reduce((sum, bytes) => sum + bytes.length, 0) }),
  abort: async () => undefined,
};
const texts = (text) => toPlainTexts({ bytes: Buffer.from(text), offsets: Uint32Array.of(0, text.length) }, 1);
const writer = new ParquetFileWriter({ sink, kind: 'dense', dimension: 2, version: '0.0.0-test' });
await writer.writeRowGroup({ rows: 1, ids: texts('a'), values: Float32Array.of(1, 2), metadata: texts('{}') });
console.log(JSON.stringify(await writer.close()));
`;

// dist/ is what `npm run build` left; `npm test` builds first.
describe.skipIf(!existsSync(join(dist, 'parquet/vendor/LICENSES.txt')))('what is published', () => {
  let directory = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pineload-bundle-'));
    await cp(join(dist, 'parquet'), join(directory, 'dist/parquet'), { recursive: true });
    await cp(join(dist, 'base'), join(directory, 'dist/base'), { recursive: true });
    await cp(join(dist, 'records'), join(directory, 'dist/records'), { recursive: true });
    await writeFile(join(directory, 'package.json'), '{"type":"module"}');
    await writeFile(join(directory, 'script.js'), SCRIPT);
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('writes the same file without any package installed, and without a warning', async () => {
    const run = await promisify(execFile)(process.execPath, ['--throw-deprecation', join(directory, 'script.js')]);
    const { summary } = await writeFileBytes([[{ id: 'a', values: [1, 2], metadata: '{}' }]], {
      kind: 'dense',
      dimension: 2,
    });
    expect(JSON.parse(run.stdout)).toStrictEqual(summary);
    expect(run.stderr).toBe('');
  });

  it('holds no more of parquetjs than is needed', async () => {
    const bundle = await readFile(join(dist, 'parquet/vendor/parquetjs.js'), 'utf8');
    expect(bundle.length).toBeLessThan(200_000);
    const loaded = [...bundle.matchAll(/(?:from|require\(|import\()\s*["'`]([^"'`]+)["'`]/g)].map(([, name]) => name);
    expect(loaded.filter((name) => !builtinModules.includes(name.replace(/^node:/, '')))).toStrictEqual([]);
    expect(bundle).not.toMatch(/aws-sdk|zenfs|brotli-wasm|xxhash|BSON\b.*serialize\(/);
  });

  it('is the same for the command line, which is CommonJS', async () => {
    const imported = (await import(pathToFileURL(join(dist, 'parquet/vendor/parquetjs.js')).href)) as object;
    const required = createRequire(import.meta.url)(join(dist, 'parquet/vendor/parquetjs.cjs')) as object;
    expect(Object.keys(required).sort()).toEqual(Object.keys(imported).sort());
  });

  it('names no type of a package that users do not have', async () => {
    const types = await readFile(join(dist, 'parquet/vendor/parquetjs.d.ts'), 'utf8');
    expect(types).not.toMatch(/from ['"](?!\.)/);
    expect(types).not.toMatch(/import\(/);
  });

  it('comes with the licences of what is bundled', async () => {
    const notices = await readFile(join(dist, 'parquet/vendor/LICENSES.txt'), 'utf8');
    const packages = [...notices.matchAll(/^=+\n(\S+) \S+ \((.+)\)\n=+$/gm)].map(([, name, licence]) => [
      name,
      licence,
    ]);
    expect(packages).toStrictEqual([
      ['@dsnp/parquetjs', 'MIT'],
      ['node-int64', 'MIT'],
      ['snappyjs', 'MIT'],
      ['thrift', 'Apache-2.0'],
    ]);
    expect(notices).toContain('Apache License');
    expect(notices.match(/Permission is hereby granted/g)).toHaveLength(3);
  });

  it('and those of what the command line holds', async () => {
    const notices = await readFile(join(dist, 'bundle/LICENSES.txt'), 'utf8');
    const packages = [...notices.matchAll(/^=+\n(\S+) \S+ \((.+)\)\n=+$/gm)].map(([, name]) => name);
    expect(packages).toStrictEqual(['hyparquet', 'is-network-error', 'p-limit', 'p-retry', 'yocto-queue']);
    expect(notices.match(/Permission is hereby granted/g)).toHaveLength(packages.length);
  });
});
