import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFrom, runKilled, testSeed } from './kills.js';
import { readAll } from './store-conformance.js';
import { runCli, type CliResult } from './run-cli.js';
import { useTempDir } from './temp-dir.js';
import type { ObjectStore } from '../../src/uploaders/object-store.js';

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));

/** One real server, as the command line sees it. */
export interface Cloud {
  /** Environment that leads to the server. */
  readonly env: Readonly<Record<string, string>>;
  /** Environment with a key that is wrong; needed where the server checks keys. */
  readonly wrongEnv?: Readonly<Record<string, string>>;
  /** A directory in a bucket that exists, without a last `/`. */
  uri(directory: string): string;
  readonly missingBucketUri: string;
  open(uri: string): Promise<ObjectStore>;
  /** Texts that must never be shown. */
  readonly secrets: readonly string[];
  stop(): Promise<void>;
}

/** The whole line through the built CLI against one real object store. */
export function cloudSuite(
  name: string,
  server: { readonly checksKeys: boolean; readonly kills: number },
  start: () => Promise<Cloud>,
): void {
  describe(`the command line with ${name}`, () => {
    const temp = useTempDir();
    let cloud: Cloud;
    const cli = async (args: string[], env?: Readonly<Record<string, string>>): Promise<CliResult> => {
      const result = await runCli(args, { env: env ?? cloud.env });
      for (const secret of cloud.secrets) expect(result.stdout + result.stderr).not.toContain(secret);
      return result;
    };

    beforeAll(async () => {
      cloud = await start();
    });
    afterAll(() => cloud.stop());

    /** Ids by namespace, read through hyparquet from what is in the store. */
    async function idsIn(uri: string): Promise<Map<string, number>> {
      const store = await cloud.open(uri);
      const counts = new Map<string, number>();
      for await (const { key } of store.list('')) {
        expect(key).toMatch(/^[^/]+\/part-\d{5}-\d{5}\.parquet$/);
        const bytes = await readAll(store.read(key));
        const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
        const rows = await parquetReadObjects({ file, columns: ['id'] });
        const namespace = key.split('/')[0];
        counts.set(namespace, (counts.get(namespace) ?? 0) + rows.length);
      }
      await store.close();
      return counts;
    }

    const expected = new Map([
      ['symbols', 20],
      ['words-a-f', 717],
      ['words-g-m', 431],
      ['words-n-s', 593],
      ['words-t-z', 239],
    ]);

    it('convert streams into the bucket; the same bytes as into a directory', async () => {
      const to = cloud.uri('streamed');
      const result = await cli(['convert', WORDS, '--to', to]);
      expect(result.stderr).toContain('Next: pineload import start');
      expect(result.code).toBe(0);
      expect(await idsIn(to)).toEqual(expected);
      expect((await cli(['convert', WORDS, '--to', temp('local')])).code).toBe(0);
      const store = await cloud.open(`${to}.pineload`);
      const manifest = (await readAll(store.read('manifest.json'))).toString();
      await store.close();
      expect(manifest).toBe(await readFile(temp('local.pineload', 'manifest.json'), 'utf8'));
    });

    it('convert streams files larger than a part', async () => {
      const lines = Array.from({ length: 3000 }, (_, i) =>
        JSON.stringify({
          id: `r${i}`,
          values: Array.from({ length: 1024 }, (_, j) => Math.fround(i + j / 1000 + 0.25)),
        }),
      );
      await writeFile(temp('large.jsonl'), `${lines.join('\n')}\n`);
      const to = cloud.uri('large');
      const args = ['convert', temp('large.jsonl'), '--part-size', '5MiB', '--row-group-size', '4MiB'];
      expect((await cli([...args, '--to', to])).code).toBe(0);
      expect(await idsIn(to)).toEqual(new Map([['__default__', 3000]]));
      expect((await cli([...args, '--to', temp('large')])).code).toBe(0);
      const store = await cloud.open(`${to}.pineload`);
      const manifest = (await readAll(store.read('manifest.json'))).toString();
      await store.close();
      expect(manifest).toBe(await readFile(temp('large.pineload', 'manifest.json'), 'utf8'));
    });

    it('upload puts a directory there, and skips what is there already', async () => {
      expect((await cli(['convert', WORDS, '--to', temp('up')])).code).toBe(0);
      const to = cloud.uri('uploaded');
      const first = await cli(['upload', temp('up'), '--to', to, '--json']);
      expect(JSON.parse(first.stdout)).toMatchObject({ files: 5, skipped: 0, records: 2000 });
      expect(await idsIn(to)).toEqual(expected);
      const second = await cli(['upload', temp('up'), '--to', to, '--json']);
      expect(JSON.parse(second.stdout)).toMatchObject({ files: 5, skipped: 5 });
    });

    it('ends in the same bytes when it was killed at random moments', async () => {
      const seed = testSeed();
      const random = randomFrom(seed);
      // Files of some parts, in several splits.
      const lines = Array.from({ length: 4000 }, (_, i) =>
        JSON.stringify({
          id: `r${i}`,
          namespace: `n${i % 2}`,
          values: Array.from({ length: 1024 }, (_, j) => Math.fround(i + j / 1000 + 0.25)),
        }),
      );
      await writeFile(temp('killed.jsonl'), `${lines.join('\n')}\n`);
      const all = async (uri: string) => {
        const found: Record<string, string> = {};
        const [imports, state] = [await cloud.open(uri), await cloud.open(`${uri}.pineload`)];
        for await (const { key } of imports.list('')) found[key] = sha256Of(await readAll(imports.read(key)));
        found['manifest'] = sha256Of(await readAll(state.read('manifest.json')));
        await imports.close();
        await state.close();
        return found;
      };
      const sizes = ['--row-group-size', '2MiB', '--split-size', '16MB'];
      const parts = ['--part-size', '5MiB', '--to'];
      const commands = {
        converted: (to: string) => ['convert', temp('killed.jsonl'), ...sizes, ...parts, to],
        sent: (to: string) => ['upload', temp('killed'), ...parts, to],
      };
      expect((await cli(commands.converted(temp('killed')))).code).toBe(0);
      for (const [name, command] of Object.entries(commands)) {
        const started = performance.now();
        expect((await cli(command(cloud.uri(`${name}-whole`)))).code).toBe(0);
        const duration = performance.now() - started;
        const expected = await all(cloud.uri(`${name}-whole`));
        expect(Object.keys(expected).length).toBeGreaterThan(4);
        const to = cloud.uri(`${name}-killed`);
        const moments: number[] = [];
        for (let kill = 0; kill < server.kills; kill++) {
          // The first one early: a run that takes less time than the one before would else be over.
          const afterMs = Math.round(random() * (kill === 0 ? duration / 2 : duration));
          const { signal } = await runKilled(command(to), afterMs, cloud.env);
          if (signal === 'SIGKILL') moments.push(afterMs);
        }
        const last = await cli(command(to));
        const story = `seed ${seed}: ${name}, killed after ${moments.join(', ')} ms: ${last.stderr}`;
        expect(moments.length, story).toBeGreaterThan(0);
        expect(last.code, story).toBe(0);
        expect(await all(to), story).toEqual(expected);
      }
    }, 300_000);

    it('drops uploads that nobody finished, or says when the service does', async () => {
      const to = cloud.uri('stale');
      const command = ['upload', '--to', to, '--abort-stale', '--stale-after', '1s', '--json'];
      const { code, stdout, stderr } = await cli(command);
      expect(code, stderr).toBe(0);
      const { expireDays, aborted, note } = JSON.parse(stdout) as {
        expireDays?: number;
        aborted: unknown[];
        note: string;
      };
      const tells = to.startsWith('s3:');
      expect(expireDays).toBe(tells ? undefined : 7);
      expect(aborted).toEqual([]);
      // Azure counts from the last block, GCS from the session's beginning.
      if (to.startsWith('http')) expect(note).toContain('7 days after the last part of each was sent');
      if (to.startsWith('gs:')) expect(note).toContain('7 days after they were begun');
      if (!tells) return;
      const [store, beside] = [await cloud.open(to), await cloud.open(`${to}-other`)];
      for (const each of [store, beside]) {
        const controller = new AbortController();
        const writer = await each.create('ns/a.parquet', { signal: controller.signal });
        await writer.write(Buffer.alloc(40_000_000, 1));
        controller.abort();
        await writer.close().catch(() => undefined);
      }
      const young = JSON.parse((await cli(['upload', '--to', to, '--abort-stale', '--json'])).stdout) as object;
      expect(young).toMatchObject({ aborted: [], kept: 1 });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(JSON.parse((await cli(command)).stdout)).toMatchObject({ aborted: [{ key: 'ns/a.parquet' }], kept: 0 });
      const left: string[] = [];
      for await (const { key } of beside.unfinished!()) left.push(key);
      expect(left).toEqual(['ns/a.parquet']);
      await store.close();
      await beside.close();
    }, 60_000);

    it('run: converted, stored, imported by the emulator, verified', async () => {
      const { code, stdout, stderr } = await cli(['run', WORDS, '--to', cloud.uri('whole'), '--rehearse']);
      const target = { s: 's3://BUCKET/PREFIX', g: 'gs://BUCKET/PREFIX' }[cloud.uri('')[0]!];
      expect(stderr).toContain(
        `--to ${target ?? 'https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX'} --index-name`,
      );
      expect(stdout).toContain('imported by the emulator and verified');
      expect(code).toBe(0);
    });

    it('reads input from the bucket: an object, a prefix, a glob', async () => {
      const store = await cloud.open(cloud.uri('raw'));
      const lines = (await readFile(WORDS, 'utf8')).trimEnd().split('\n');
      await store.put('a.jsonl', Buffer.from(`${lines.slice(0, 1200).join('\n')}\n`));
      await store.put('b.jsonl', Buffer.from(lines.slice(1200).join('\n')));
      await store.close();
      const inputs = [
        ['prefix', `${cloud.uri('raw')}/`],
        ['glob', `${cloud.uri('raw')}/*.jsonl`],
      ];
      for (const [how, input] of inputs) {
        const { code } = await cli(['convert', input, '--to', temp(`from-${how}`)]);
        expect(code).toBe(0);
        expect(await readFile(temp(`from-${how}.pineload`, 'manifest.json'), 'utf8')).toBe(
          await readFile(temp('local.pineload', 'manifest.json'), 'utf8'),
        );
      }
      const one = await cli(['convert', `${cloud.uri('raw')}/a.jsonl`, '--to', temp('from-object'), '--json']);
      expect(JSON.parse(one.stdout)).toMatchObject({ records: 1200 });
      const none = await cli(['convert', `${cloud.uri('raw')}/none.jsonl`, '--to', temp('from-none')]);
      expect(none.stderr).toContain('[INPUT_NOT_FOUND]');
      expect(none.code).toBe(4);
    });

    it('plan, shards and commit in the bucket, an object cut into ranges: the bytes of one machine', async () => {
      // The objects of the test before; the larger one is more than the least that a range has.
      const cut = ['--split-size', '1MiB'];
      const to = cloud.uri('sharded');
      const planned = await cli(['plan', `${cloud.uri('raw')}/`, '--to', to, ...cut, '--json']);
      expect(planned.code, planned.stderr).toBe(0);
      const { plan, splits } = JSON.parse(planned.stdout) as { plan: string; splits: number };
      expect(splits).toBeGreaterThan(2);
      const early = await cli(['commit', '--plan', plan, '--json']);
      expect(early.code).toBe(5);
      // One of them twice at once, as a pod and its successor may be.
      const shards = ['0/2', '1/2', '1/2'].map((shard) => cli(['convert', '--plan', plan, '--shard', shard, '--json']));
      const sealed = await cli(['commit', '--plan', plan, '--wait', '120s', '--poll', '500ms', '--json']);
      for (const { code, stderr } of await Promise.all(shards)) expect(code, stderr).toBe(0);
      expect(sealed.code, sealed.stderr).toBe(0);
      expect(await idsIn(to)).toEqual(expected);
      const again = await cli(['convert', '--plan', plan, '--shard', '0/2', '--json']);
      expect(JSON.parse(again.stdout)).toMatchObject({ splits: Math.ceil(splits / 2), skipped: Math.ceil(splits / 2) });
      const alone = await cli(['convert', `${cloud.uri('raw')}/`, '--to', temp('unsharded'), ...cut]);
      expect(alone.code, alone.stderr).toBe(0);
      const store = await cloud.open(`${to}.pineload`);
      expect((await readAll(store.read('manifest.json'))).toString()).toBe(
        await readFile(temp('unsharded.pineload', 'manifest.json'), 'utf8'),
      );
      await store.close();
      const stray = await cloud.open(to);
      await stray.put('words-a-f/other.parquet', Buffer.from('x'));
      const refused = await cli(['commit', '--plan', plan]);
      expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('[TARGET_STRAY_FILES]')]);
      await stray.delete('words-a-f/other.parquet');
      await stray.close();
      // Nine processes, some of them at once.
    }, 180_000);

    it('does not overwrite another import unless asked', async () => {
      const to = cloud.uri('streamed');
      const more = ['--namespace', 'one'];
      const refused = await cli(['convert', WORDS, '--to', to, ...more]);
      expect(refused.stderr).toContain('[TARGET_NOT_EMPTY]');
      expect(refused.code).toBe(4);
      expect((await cli(['convert', WORDS, '--to', to, ...more, '--overwrite'])).code).toBe(0);
      expect(await idsIn(to)).toEqual(new Map([['one', 2000]]));
    });

    it('a missing bucket is one clear error', async () => {
      const { code, stderr } = await cli(['convert', WORDS, '--to', cloud.missingBucketUri]);
      expect(stderr).toContain('[STORE_NOT_FOUND]');
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(code).toBe(4);
    });

    it.runIf(server.checksKeys)('a wrong key is one clear error', async () => {
      expect(cloud.wrongEnv).toBeDefined();
      const { code, stderr } = await cli(['convert', WORDS, '--to', cloud.uri('wrong')], cloud.wrongEnv);
      expect(stderr).toContain('[STORE_CREDENTIALS]');
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(code).toBe(4);
    });
  });
}
