import { expect, it } from 'vitest';
import { prefixStore } from '../../src/pipeline/prefix-store.js';
import type { ObjectStore } from '../../src/uploaders/object-store.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { importUri } from '../../src/uploaders/uri.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const keys = async (store: ObjectStore): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of store.list('')) found.push(key);
  return found.sort();
};

it('is the directory below a prefix, with all that a store does', async () => {
  const whole = await openStore(temp('whole'));
  const part = prefixStore(whole, 'a b%/');
  expect((await part.put('x.json', Buffer.from('{}'), { ifAbsent: true })).key).toBe('x.json');
  await expect(part.put('x.json', Buffer.from('{}'), { ifAbsent: true })).rejects.toMatchObject({
    code: 'OBJECT_EXISTS',
  });
  const writer = await part.create('deep/y');
  await writer.write(Buffer.from('hello'));
  expect(await writer.close()).toMatchObject({ key: 'deep/y', bytes: 5 });
  await whole.put('outside', Buffer.from('o'));
  expect(await keys(part)).toEqual(['deep/y', 'x.json']);
  expect(await keys(whole)).toEqual(['a b%/deep/y', 'a b%/x.json', 'outside']);
  expect(await part.head('deep/y')).toMatchObject({ key: 'deep/y', bytes: 5 });
  const read: Uint8Array[] = [];
  for await (const bytes of part.read('deep/y', { start: 1, end: 3 })) read.push(bytes);
  expect(Buffer.concat(read).toString()).toBe('el');
  await part.delete('deep/y');
  expect(await keys(part)).toEqual(['x.json']);
  expect(part.maxKeyBytes).toBe(whole.maxKeyBytes - 5);
  expect(importUri(part)).toMatch(/^file:.*\/whole\/a%20b%25\/$/);
  await part.close();
  expect(await keys(whole)).toEqual(['a b%/x.json', 'outside']);
});

it('writes the prefix as the kind of store does', () => {
  const store = (uri: string, scheme: ObjectStore['scheme']) =>
    prefixStore({ uri, scheme, maxKeyBytes: 1024, maxPartBytes: 1024 } as ObjectStore, 'tenant 7/').uri;
  expect(store('s3://bucket/x/', 's3')).toBe('s3://bucket/x/tenant 7/');
  expect(store('https://a.blob.core.windows.net/c/', 'azure')).toBe('https://a.blob.core.windows.net/c/tenant%207/');
});
