import { spawn } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempName } from '../../src/uploaders/local-temp.js';
import type { ObjectStore } from '../../src/uploaders/object-store.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { errorOf, keysOf, readAll, storeConformance } from '../support/store-conformance.js';

const traits = { metadata: false, network: false, resend: false, missingBucket: false, wrongKey: false };
storeConformance('local directory', traits, async () => {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'pineload-local-'));
  return {
    open: (directory, options) => openStore(path.join(root, directory), options),
    partBytes: 100_000,
    manyKeys: 400,
    leftovers: async (directory) => {
      const names = await fs.readdir(path.join(root, directory), { recursive: true });
      return names.filter((name) => !name.includes('other') && /tmp|ns|parquet/.test(name)).length;
    },
    secrets: [],
    stop: () => fs.rm(root, { recursive: true, force: true }),
  };
});

describe('local directory', () => {
  let root: string;
  let store: ObjectStore;
  beforeEach(async () => {
    root = await fs.mkdtemp(path.join(os.tmpdir(), 'pineload-local-'));
    store = await openStore(path.join(root, 'out'));
  });
  afterEach(async () => {
    await fs.rm(root, { recursive: true, force: true });
  });

  it('has an absolute path for its URI', async () => {
    expect(store.uri).toBe(`${path.join(root, 'out')}${path.sep}`);
    expect((await openStore('some/where')).uri).toBe(path.resolve('some/where') + path.sep);
  });

  it('makes no directory before something is written', async () => {
    expect(await keysOf(store.list(''))).toEqual([]);
    expect(await store.head('a')).toBeUndefined();
    await store.delete('a/b');
    expect(await fs.readdir(root)).toEqual([]);
  });

  it('writes under a name that is neither listed nor ends in .parquet', async () => {
    const writer = await store.create('ns/part.parquet');
    await writer.write(Buffer.from('half'));
    const names = await fs.readdir(path.join(root, 'out/ns'));
    expect(names).toHaveLength(1);
    expect(names[0]).toMatch(/^\.pineload-.*\.tmp$/);
    expect(await keysOf(store.list(''))).toEqual([]);
    await writer.close();
    expect(await fs.readdir(path.join(root, 'out/ns'))).toEqual(['part.parquet']);
  });

  it('removes directories that it empties, since they would name namespaces', async () => {
    await store.put('a/b/c.parquet', Buffer.from('x'));
    await store.put('a/d.parquet', Buffer.from('x'));
    await store.delete('a/b/c.parquet');
    expect(await fs.readdir(path.join(root, 'out/a'))).toEqual(['d.parquet']);
    const writer = await store.create('new/x.parquet');
    await writer.abort();
    expect(await fs.readdir(path.join(root, 'out'))).toEqual(['a']);
  });

  it('clears away what a killed process left, and only that', async () => {
    const script = `
      const fs = require('node:fs');
      process.stdin.resume();
      process.stdout.write(String(process.pid));`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const directory = path.join(root, 'out/ns');
    await fs.mkdir(directory, { recursive: true });
    const living = tempName().replace(`-${process.pid}-`, `-${child.pid}-`);
    const foreign = tempName().replace(/^\.pineload-.{8}/, '.pineload-00000000');
    const old = tempName().replace(/^\.pineload-.{8}/, '.pineload-00000000');
    for (const name of [living, foreign, old, 'notes.tmp']) await fs.writeFile(path.join(directory, name), 'half');
    const longAgo = new Date(Date.now() - 25 * 3600_000);
    await fs.utimes(path.join(directory, old), longAgo, longAgo);
    await store.put('ns/a.parquet', Buffer.from('x'));
    expect((await fs.readdir(directory)).sort()).toEqual([living, foreign, 'a.parquet', 'notes.tmp'].sort());
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    const again = await openStore(path.join(root, 'out'));
    expect(await keysOf(again.list(''))).toEqual(['ns/a.parquet', 'ns/notes.tmp']);
    await again.put('ns/a.parquet', Buffer.from('y'));
    expect((await fs.readdir(directory)).sort()).toEqual([foreign, 'a.parquet', 'notes.tmp'].sort());
  });

  it('neither writes nor reads nor lists through symbolic links that lead out', async () => {
    const outside = path.join(root, 'outside');
    await fs.mkdir(outside);
    await fs.writeFile(path.join(outside, 'secret'), 'secret');
    await store.put('real/x', Buffer.from('x'));
    await fs.symlink(outside, path.join(root, 'out/link'));
    await fs.symlink(path.join(outside, 'secret'), path.join(root, 'out/file'));
    await fs.symlink(path.join(root, 'out/real/x'), path.join(root, 'out/inside'));
    expect((await errorOf(store.put('link/new', Buffer.from('x')))).code).toBe('STORE_REFUSED');
    expect((await errorOf(store.delete('link/secret'))).code).toBe('STORE_REFUSED');
    expect((await errorOf(readAll(store.read('link/secret')))).code).toBe('STORE_REFUSED');
    expect((await errorOf(readAll(store.read('file')))).code).toBe('STORE_REFUSED');
    expect((await errorOf(keysOf(store.list('link/')))).code).toBe('STORE_REFUSED');
    expect(String(await readAll(store.read('inside')))).toBe('x');
    expect(await keysOf(store.list(''))).toEqual(['file', 'inside', 'real/x']);
    await store.put('file', Buffer.from('replaced'));
    expect(await fs.readdir(outside)).toEqual(['secret']);
    expect(await fs.readFile(path.join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  it('may itself be a symbolic link', async () => {
    await fs.mkdir(path.join(root, 'real'));
    await fs.symlink(path.join(root, 'real'), path.join(root, 'out'));
    await store.put('ns/a', Buffer.from('x'));
    expect(String(await readAll(store.read('ns/a')))).toBe('x');
    expect(await fs.readdir(path.join(root, 'real/ns'))).toEqual(['a']);
  });

  it('refuses a prefix that leads out', async () => {
    expect((await errorOf(keysOf(store.list('../')))).code).toBe('URI_INVALID');
    expect((await errorOf(keysOf(store.list('a/../../x')))).code).toBe('URI_INVALID');
  });

  it('says that a file stands where a directory is needed', async () => {
    await fs.writeFile(path.join(root, 'out'), 'a file');
    expect((await errorOf(store.put('ns/a', Buffer.from('x')))).code).toBe('STORE_REFUSED');
    expect((await errorOf(keysOf(store.list('')))).message).toMatch(/there is a file/);
    const other = await openStore(path.join(root, 'other'));
    await other.put('ns', Buffer.from('x'));
    expect((await errorOf(other.put('ns/a', Buffer.from('x')))).message).toMatch(/there is a file/);
    await other.put('dir/a', Buffer.from('x'));
    expect((await errorOf(other.put('dir', Buffer.from('x')))).message).toMatch(/directory of that name/);
    expect(await keysOf(other.list(''))).toEqual(['dir/a', 'ns']);
  });

  it('says that the disk is full, and leaves nothing', async () => {
    // /dev/full takes no byte; on a link to it the first write fails as on a full disk.
    const full = await fs.open('/dev/full', 'w').catch(() => undefined);
    if (full === undefined) return;
    const { LocalStore } = await import('../../src/uploaders/local-store.js');
    const writer = await new LocalStore({ prefix: `${root}/out/` }).create('ns/a.parquet');
    const place = Reflect.get(writer, 'place') as { fd: number };
    const { fd } = place;
    place.fd = full.fd;
    const error = await errorOf(writer.write(Buffer.from('x')));
    expect(error).toMatchObject({ code: 'STORE_FULL', exitCode: 4, got: 'ENOSPC' });
    place.fd = fd;
    await writer.abort();
    await full.close();
    expect(await fs.readdir(path.join(root, 'out'))).toEqual([]);
  });

  it('keeps the file of a write that is under way until the write is done, when it is dropped', async () => {
    const { LocalStore } = await import('../../src/uploaders/local-store.js');
    const writer = await new LocalStore({ prefix: `${root}/out/` }).create('ns/a.parquet');
    // Its descriptor may not go to another file before: these bytes would land there.
    const written = writer.write(Buffer.alloc(64 * 1024 * 1024, 'x'));
    await writer.abort();
    const other = await fs.open(path.join(root, 'other'), 'wx');
    await written.catch(() => undefined);
    expect((await other.stat()).size).toBe(0);
    await other.close();
    expect(await fs.readdir(root)).toEqual(expect.arrayContaining(['other']));
  });

  it('makes many files in new directories at once, each whole', async () => {
    const { LocalStore } = await import('../../src/uploaders/local-store.js');
    const store = new LocalStore({ prefix: `${root}/out/` });
    const keys = Array.from({ length: 100 }, (_, i) => `ns-${i % 40}/deep/${i}.parquet`);
    await Promise.all(
      keys.map(async (key) => {
        const writer = await store.create(key);
        await writer.write(Buffer.from(key));
        await writer.close();
      }),
    );
    for (const key of keys) expect(await fs.readFile(path.join(root, 'out', key), 'utf8')).toBe(key);
    const listed: string[] = [];
    for await (const { key } of store.list('')) listed.push(key);
    expect(listed.sort()).toEqual(keys.sort());
  });

  it('says that it has no permission', async () => {
    await fs.chmod(root, 0o500);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      const error = await errorOf(store.put('ns/a', Buffer.from('x')));
      expect(error).toMatchObject({ code: 'STORE_CREDENTIALS', exitCode: 4 });
      expect(error.message).toMatch(/no permission to write here/);
    } finally {
      if (isRoot) process.seteuid?.(0);
      await fs.chmod(root, 0o700);
    }
  });
});
