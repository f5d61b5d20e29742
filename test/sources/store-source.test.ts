import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listSources, type ListOptions } from '../../src/sources/list-sources.js';
import type { ObjectStore } from '../../src/uploaders/object-store.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { startAzurite, type Azurite } from '../support/azurite.js';
import { gather } from './bytes.js';

const text = '{"id":"a"}\n';
const OBJECTS: Record<string, Buffer> = {
  'in/b.jsonl': Buffer.from(text),
  'in/a 1.jsonl': gzipSync(text),
  'in/sub/c.csv.gz': gzipSync(text),
  'in/notes.txt': Buffer.from(text),
  'in/_.pineload/rejects.jsonl': Buffer.from(text),
  'in/x[1].jsonl': Buffer.from(text),
};

let server: Azurite;
let sas: string;
/** Stores that were opened and not closed. */
const open = new Set<ObjectStore>();
const options: ListOptions = {
  openStore: async (uri) => {
    const store = await openStore(uri);
    open.add(store);
    const close = store.close.bind(store);
    store.close = async () => {
      open.delete(store);
      await close();
    };
    return store;
  },
};

beforeAll(async () => {
  server = await startAzurite();
  await server.createContainer('data');
  sas = await server.sas('data');
  const store = await openStore(`${server.uri('data')}?${sas}`);
  for (const [key, bytes] of Object.entries(OBJECTS)) await store.put(key, bytes);
  await store.close();
});

afterAll(() => server.stop());

const list = (path: string, more: Partial<ListOptions> = {}) =>
  listSources([`${server.uri('data', path)}?${sas}`], { ...options, ...more });
const keys = async (path: string): Promise<string[]> =>
  (await list(path)).map(({ name }) => name.replace(server.uri('data'), ''));

describe('what a URL stands for', () => {
  test.each<[string, string, string[]]>([
    ['an object', 'in/b.jsonl', ['in/b.jsonl']],
    ['an object with a space in its key', 'in/a%201.jsonl', ['in/a 1.jsonl']],
    ['a prefix', 'in/', ['in/a 1.jsonl', 'in/b.jsonl', 'in/sub/c.csv.gz', 'in/x[1].jsonl']],
    ['a glob', 'in/*.jsonl', ['in/a 1.jsonl', 'in/b.jsonl', 'in/x[1].jsonl']],
    ['a glob over prefixes', '**/c.*', ['in/sub/c.csv.gz']],
    ['a key that looks like a glob, but is there', 'in/x[1].jsonl', ['in/x[1].jsonl']],
  ])('%s', async (_, path, expected) => {
    expect(await keys(path)).toEqual(expected);
    expect(open.size).toBe(0);
  });

  test.each([
    ['no such object', 'in/none.jsonl', { code: 'INPUT_NOT_FOUND', hint: expect.stringContaining('ends in "/"') }],
    ['an empty prefix', 'none/', { code: 'INPUT_NOT_FOUND' }],
    ['a glob without a match', 'in/*.tsv', { code: 'INPUT_NOT_FOUND', message: expect.stringContaining('glob') }],
    ['an unknown name', 'in/notes.txt', { code: 'INPUT_FORMAT_UNKNOWN', got: '"notes.txt"' }],
  ])('%s is an error that shows no secret', async (_, path, expected) => {
    const error = await list(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(expected);
    expect(JSON.stringify(error) + String(error)).not.toContain('sig=');
    expect(open.size).toBe(0);
  });
});

test('objects are read as streams, decompressed, counted; nothing stays open', async () => {
  for (const source of await list('in/')) {
    expect(source.name).not.toContain('sig=');
    expect(source.version).toMatch(/./);
    let read = 0;
    expect((await gather(source.open({ onRead: (count) => (read += count) }))).toString()).toBe(text);
    expect(read).toBe(source.bytes);
    expect(source.compression).toBe(/ 1|gz/.test(source.name) ? 'gzip' : 'none');
  }
  expect(open.size).toBe(0);
});

test('an object that changes its size is refused; one that is gone says so; a signal stops', async () => {
  const url = `${server.uri('data')}?${sas}`;
  const store = await openStore(url);
  await store.put('changing.jsonl', Buffer.from(text));
  const [source] = await list('changing.jsonl');
  await expect(gather(source!.open({ signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'ABORTED' });
  await store.put('changing.jsonl', Buffer.from(text + text));
  await expect(gather(source!.open())).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
  await store.delete('changing.jsonl');
  await expect(gather(source!.open())).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
  await store.close();
  expect(open.size).toBe(0);
});
