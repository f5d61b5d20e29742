import { chmod, link, mkdir, rm, symlink, utimes, writeFile, appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { listSources, type ListOptions } from '../../src/sources/list-sources.js';
import { useTempDir } from '../support/temp-dir.js';
import { gather } from './bytes.js';
import { MULTI } from './zstd-fixtures.js';

const text = '{"id":"a"}\n';
const noStore: Pick<ListOptions, 'openStore'> = {
  openStore: (uri) => Promise.reject(new Error(`no store is to be opened here: ${uri}`)),
};
const dir = useTempDir()();

const FILES = [
  'in/b.jsonl',
  'in/B.jsonl',
  'in/a.csv',
  'in/a-1.tsv',
  'in/sub/c.ndjson.gz',
  'in/sub/d.JSON',
  'in/sub.jsonl',
  'in/notes.txt',
  'in/.hidden.jsonl',
  'in/.git/e.jsonl',
  'in/out.pineload/rejects.jsonl',
  'words[1].jsonl',
  'words1.jsonl',
  'plain',
  'q/f.jsonl.br',
];

beforeAll(async () => {
  for (const file of FILES) {
    await mkdir(join(dir, file, '..'), { recursive: true });
    await writeFile(join(dir, file), file.endsWith('.gz') ? gzipSync(text) : text);
  }
  await mkdir(join(dir, 'empty'));
  await symlink(join(dir, 'plain'), join(dir, 'in/link.jsonl'));
  await symlink(join(dir, 'in'), join(dir, 'in/circle'));
});

const names = async (inputs: readonly string[], options: Partial<ListOptions> = {}): Promise<string[]> => {
  const sources = await listSources(
    inputs.map((input) => (input === '-' ? input : join(dir, input))),
    { ...noStore, ...options },
  );
  return sources.map((source) => source.name.replace(`${dir}/`, ''));
};

describe('what inputs stand for', () => {
  test.each<[string, string[], string[], Partial<ListOptions>?]>([
    ['a file', ['in/b.jsonl'], ['in/b.jsonl']],
    ['files in the order given', ['in/b.jsonl', 'in/a.csv'], ['in/b.jsonl', 'in/a.csv']],
    [
      'a directory: visible files of known names, in order of code units; links to files, not to directories',
      ['in'],
      [
        'in/B.jsonl',
        'in/a-1.tsv',
        'in/a.csv',
        'in/b.jsonl',
        'in/link.jsonl',
        'in/sub.jsonl',
        'in/sub/c.ndjson.gz',
        'in/sub/d.JSON',
      ],
    ],
    ['a directory, one format of it', ['in'], ['in/a.csv'], { format: 'csv' }],
    ['a glob', ['in/*.jsonl'], ['in/B.jsonl', 'in/b.jsonl', 'in/link.jsonl', 'in/sub.jsonl']],
    ['a glob over directories', ['{in/sub,q}/**/[cf].*'], ['in/sub/c.ndjson.gz', 'q/f.jsonl.br']],
    ['a glob over a circle of links: every file once', ['in/**/c.*'], ['in/circle/sub/c.ndjson.gz']],
    ['a name that looks like a glob, but is there', ['words[1].jsonl'], ['words[1].jsonl']],
    ['a glob that would match its own look', ['words[12].jsonl'], ['words1.jsonl']],
    [
      'an input named twice is taken once',
      ['in/b.jsonl', 'in/sub/../b.jsonl', 'in/*b.jsonl'],
      ['in/b.jsonl', 'in/sub.jsonl'],
    ],
    ['a link and what it points to are one', ['plain', 'in/link.jsonl'], ['plain'], { format: 'jsonl' }],
    ['standard input', ['-', 'in/b.jsonl', '-'], ['<stdin>', 'in/b.jsonl']],
    ['an unknown name with its format', ['plain'], ['plain'], { format: 'csv' }],
  ])('%s', async (_, inputs, expected, options) => {
    expect(await names(inputs, options)).toEqual(expected);
  });

  test('a file URL', async () => {
    const [source] = await listSources([new URL(`file://${dir}/in/b.jsonl`).href], noStore);
    expect(source!.name).toBe(join(dir, 'in/b.jsonl'));
  });
});

test.each<[string, string[], object, Partial<ListOptions>?]>([
  ['no such file', ['in/none.jsonl'], { code: 'INPUT_NOT_FOUND' }],
  ['a file as a directory', ['in/b.jsonl/x'], { code: 'INPUT_NOT_FOUND' }],
  ['a glob without a match', ['in/*.none'], { code: 'INPUT_NOT_FOUND', message: expect.stringContaining('glob') }],
  ['an empty directory', ['empty'], { code: 'INPUT_NOT_FOUND', expected: expect.stringContaining('.jsonl') }],
  ['a directory without the format', ['q'], { code: 'INPUT_NOT_FOUND' }, { format: 'tsv' }],
  [
    'an unknown name',
    ['in/notes.txt'],
    { code: 'INPUT_FORMAT_UNKNOWN', got: '"notes.txt"', hint: expect.stringContaining('--format') },
  ],
  ['no input at all', [], { code: 'OPTION_INVALID', field: 'inputs' }],
])('%s is an error', async (_, inputs, error, options) => {
  await expect(names(inputs, options)).rejects.toMatchObject(error);
});

test.skipIf(process.getuid?.() === 0)('a file that may not be read is found out at once', async () => {
  const path = join(dir, 'secret.jsonl');
  await writeFile(path, text);
  await chmod(path, 0);
  await expect(names(['secret.jsonl'])).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', got: 'EACCES' });
});

describe('format, compression, size, version', () => {
  test.each([
    ['in/sub/c.ndjson.gz', { format: 'jsonl', compression: 'gzip', bytes: gzipSync(text).length }],
    ['in/a-1.tsv', { format: 'tsv', compression: 'none', bytes: 11 }],
    ['q/f.jsonl.br', { format: 'jsonl', compression: 'brotli' }],
  ])('%s', async (file, expected) => {
    const [source] = await listSources([join(dir, file)], noStore);
    expect(source).toMatchObject(expected);
    expect(source!.version).toMatch(/^\d+ns$/);
  });

  test('compressed bytes under a plain name are told by their first bytes', async () => {
    await writeFile(join(dir, 'zipped.jsonl'), gzipSync(text));
    await writeFile(join(dir, 'frames.jsonl'), MULTI.stored);
    const [gzip, zstd] = await listSources([join(dir, 'zipped.jsonl'), join(dir, 'frames.jsonl')], noStore);
    expect([gzip!.compression, zstd!.compression]).toEqual(['gzip', 'zstd']);
    expect((await gather(gzip!.open())).toString()).toBe(text);
    expect(await gather(zstd!.open())).toEqual(MULTI.content);
  });

  test('a stated compression wins over the name', async () => {
    const [source] = await listSources([join(dir, 'in/sub/c.ndjson.gz')], { ...noStore, compression: 'none' });
    expect(await gather(source!.open())).toEqual(gzipSync(text));
  });
});

describe('reading', () => {
  test('a source opens as often as wanted, and counts stored bytes', async () => {
    const [source] = await listSources([join(dir, 'in/sub/c.ndjson.gz')], noStore);
    for (let time = 0; time < 2; time++) {
      let read = 0;
      const bytes = await gather(source!.open({ onRead: (count) => (read += count) }));
      expect(bytes.toString()).toBe(text);
      expect(read).toBe(source!.bytes);
    }
  });

  test.each<[string, (path: string) => Promise<void>]>([
    ['grew', (path) => appendFile(path, text)],
    ['was written again', (path) => utimes(path, 1, 1)],
  ])('a file that %s since it was listed is refused', async (_, change) => {
    const path = join(dir, 'changing.jsonl');
    await writeFile(path, text);
    const [source] = await listSources([path], noStore);
    await change(path);
    await expect(gather(source!.open())).rejects.toMatchObject({ code: 'INPUT_CHANGED', source: path });
    await rm(path);
    await expect(gather(source!.open())).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });

  test('a fired signal stops before, and between reads', async () => {
    const path = join(dir, 'large.jsonl');
    await writeFile(path, Buffer.alloc(3 * 1024 * 1024, text));
    const [source] = await listSources([path], noStore);
    await expect(gather(source!.open({ signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'ABORTED' });
    const controller = new AbortController();
    const read = gather(source!.open({ signal: controller.signal, onRead: () => controller.abort() }));
    await expect(read).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(names(['in'], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('hard links are two files', async () => {
    await link(join(dir, 'plain'), join(dir, 'hard.jsonl'));
    expect(await names(['plain', 'hard.jsonl'], { format: 'jsonl' })).toHaveLength(2);
  });
});

describe('standard input', () => {
  test.each([
    ['plain text', Buffer.from(text), 'none'],
    ['gzip', gzipSync(text), 'gzip'],
  ])('%s, found out while reading', async (_, stored, compression) => {
    const [source] = await listSources(['-'], {
      ...noStore,
      stdin: Readable.from([stored.subarray(0, 3), stored.subarray(3)]),
    });
    expect(source).toMatchObject({ name: '<stdin>', format: 'jsonl', bytes: undefined, version: undefined });
    expect((await gather(source!.open())).toString()).toBe(text);
    expect(source!.compression).toBe(compression);
    expect(() => source!.open()).toThrow(/only once/);
  });

  test.each([['auto' as const], ['gzip' as const]])('who waits for more can be stopped (%s)', async (compression) => {
    const stdin = new Readable({ read: () => undefined });
    stdin.push(gzipSync(text).subarray(0, 20));
    const [source] = await listSources(['-'], { ...noStore, stdin, compression });
    const controller = new AbortController();
    const reading = gather(source!.open({ signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' });
    expect(stdin.destroyed).toBe(true);
  });

  test('who leaves early does not wait for more', async () => {
    const stdin = new Readable({ read: () => undefined });
    stdin.push(gzipSync(text));
    const [source] = await listSources(['-'], { ...noStore, stdin });
    for await (const bytes of source!.open()) {
      expect(Buffer.from(bytes).toString()).toBe(text);
      break;
    }
    expect(stdin.destroyed).toBe(true);
  });

  test('a stream that fails is an input that cannot be read', async () => {
    const stdin = new Readable({ read: () => stdin.destroy(new Error('gone')) });
    const [source] = await listSources(['-'], { ...noStore, stdin });
    await expect(gather(source!.open())).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', source: '<stdin>' });
  });
});
