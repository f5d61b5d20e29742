import { mkdir, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore } from '../../src/uploaders/open-store.js';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import { type Minio, startMinio } from '../support/minio.js';
import { runCli, type CliResult } from '../support/run-cli.js';
import { readAll } from '../support/store-conformance.js';
import { storedOutcome } from '../support/stored-outcome.js';
import { useTempDir } from '../support/temp-dir.js';
import { writeRecords } from '../support/write-records.js';

const temp = useTempDir();
let minio: Minio;
let proxy: FaultProxy;

beforeAll(async () => {
  minio = await startMinio();
  const { AWS_ENDPOINT_URL_S3: _, ...keys } = minio.env;
  for (const [name, value] of Object.entries(keys)) vi.stubEnv(name, value);
  await minio.createBucket('edge');
  proxy = await startFaultProxy(minio.endpoint);
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

const at = (prefix: string): string => minio.uri('edge', prefix);
const cli = (args: readonly string[], more: Parameters<typeof runCli>[1] = {}): Promise<CliResult> =>
  runCli(args, { ...more, env: { ...minio.env, ...more.env } });

const outcome = (prefix: string): Promise<Record<string, string>> => storedOutcome(at(prefix), minio.endpoint);

describe('convert into a bucket that spills', () => {
  const MEMORY = '256MB';
  const command = (to: string, tmp: string): string[] => [
    ...['convert', temp('spills.jsonl'), '--to', at(to), '--max-memory', MEMORY, '--tmp-dir', tmp, '--json'],
  ];
  const spilled = (result: CliResult): number => result.stderr.match(/"event":"spill"/g)?.length ?? 0;

  beforeAll(async () => {
    for (const name of ['tmp-whole', 'tmp-cut', 'tmp-slow']) await mkdir(temp(name));
    await writeRecords(temp('spills.jsonl'), 100_000, 1_000);
    const whole = await cli(command('whole', temp('tmp-whole')));
    expect(whole.code, whole.stderr).toBe(0);
    expect(spilled(whole)).toBeGreaterThan(1);
    expect(await readdir(temp('tmp-whole'))).toEqual([]);
  }, 300_000);

  it('ends in the same bytes when it is killed while it spills, and leaves nothing in --tmp-dir', async () => {
    // At the first bytes that go to disk, and later on.
    for (const kill of [1, 2]) {
      const killed = await cli(command('cut', temp('tmp-cut')), {
        onSpawn: (child) => {
          let seen = 0;
          child.stderr!.on('data', (data: Buffer) => {
            seen += data.toString().match(/"event":"spill"/g)?.length ?? 0;
            if (seen >= kill) child.kill('SIGKILL');
          });
        },
      });
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
      expect(await readdir(temp('tmp-cut'))).toEqual([]);
    }
    const again = await cli(command('cut', temp('tmp-cut')));
    expect(again.code, again.stderr).toBe(0);
    expect(await outcome('cut')).toEqual(await outcome('whole'));
    expect(await readdir(temp('tmp-cut'))).toEqual([]);
  }, 300_000);

  it('keeps to --max-memory when the store throttles at the same time', async () => {
    // Every third write of an object, for as long as it takes.
    let writes = 0;
    proxy.set({
      on: ({ method, under }) => method === 'PUT' && (under > 4 || writes++ % 3 === 2),
      times: Infinity,
      act: {
        kind: 'answer',
        status: 503,
        body: '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
      },
    });
    let peakKb = 0;
    const throttled = await cli(command('slow', temp('tmp-slow')), {
      env: { AWS_ENDPOINT_URL_S3: proxy.endpoint },
      onSpawn: (child) => {
        const look = setInterval(() => {
          void readFile(`/proc/${child.pid}/status`, 'utf8')
            .then((status) => (peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))))
            .catch(() => undefined);
        }, 20);
        child.once('exit', () => clearInterval(look));
      },
    });
    const { befallen } = proxy;
    proxy.set();
    expect(throttled.code, throttled.stderr).toBe(0);
    expect(spilled(throttled)).toBeGreaterThan(1);
    expect(throttled.stderr).toContain('"event":"store.trouble"');
    expect(befallen).toBeGreaterThan(100);
    expect(peakKb).toBeGreaterThan(0);
    expect(peakKb * 1024).toBeLessThan(256e6);
    expect(await outcome('slow')).toEqual(await outcome('whole'));
    expect(await readdir(temp('tmp-slow'))).toEqual([]);
  }, 300_000);
});

describe('convert into a bucket that was begun before', () => {
  const SPLITS = 14;
  const file = (): string => temp('many.jsonl');
  const command = (to: string, ...more: string[]): string[] => [
    ...['convert', file(), '--to', at(to), '--split-size', '1MB', ...more],
  ];

  beforeAll(async () => {
    await writeRecords(file(), 6_000, 3);
    const whole = await cli(command('begun-whole'));
    expect(whole.code, whole.stderr).toBe(0);
  }, 120_000);

  /** Leaves a run that lacks its last splits and the manifest. */
  async function begun(to: string): Promise<number> {
    const whole = await cli(command(to));
    expect(whole.code, whole.stderr).toBe(0);
    const state = await openStore(`${at(to)}.pineload`, { endpoint: minio.endpoint });
    await state.delete('manifest.json');
    const splits: string[] = [];
    for await (const { key } of state.list('journal/split-')) splits.push(key);
    for (const key of splits.slice(-2)) await state.delete(key);
    await state.close();
    expect(splits.length).toBeGreaterThanOrEqual(SPLITS);
    return splits.length - 2;
  }

  it('reads each entry of the journal once, asks nothing about files that cannot be there, and says nothing odd', async () => {
    const finished = await begun('begun');
    const requests: string[] = [];
    proxy.set({
      on: ({ method, url }) => {
        requests.push(`${method} ${url.split('?')[0]}`);
        return false;
      },
      act: { kind: 'reset' },
    });
    const again = await cli(command('begun'), { env: { AWS_ENDPOINT_URL_S3: proxy.endpoint } });
    proxy.set();
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toContain(`${finished} of them done before`);
    expect(again.stderr).not.toContain('Warning');
    const entries = requests.filter((request) => /(?:GET|HEAD) .*\/journal\/split-/.test(request));
    expect(entries.length).toBe(finished);
    expect(new Set(entries).size).toBe(finished);
    expect(await outcome('begun')).toEqual(await outcome('begun-whole'));
  }, 120_000);

  it('names what differs: what was, what is, what can be done', async () => {
    await begun('frozen');
    const bytes = await readFile(file());
    const plan = async (change: (text: string) => string): Promise<void> => {
      const state = await openStore(`${at('frozen')}.pineload`, { endpoint: minio.endpoint });
      const text = (await readAll(state.read('plan.json'))).toString();
      await state.put('plan.json', Buffer.from(change(text)));
      await state.close();
    };
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    const mtime = new Date('2026-01-02T03:04:05.000Z');
    const known = new Date('2026-02-03T04:05:06.000Z');
    await utimes(file(), known, known);
    const fresh = await cli([...command('frozen'), '--overwrite']);
    expect(fresh.code, fresh.stderr).toBe(0);
    await begun('frozen');

    const refused = async (said: readonly string[], ...more: string[]): Promise<void> => {
      const result = await cli(command('frozen', ...more));
      expect(result.stderr).toContain('[PLAN_DIFFERS]');
      for (const text of said) expect(result.stderr).toContain(text);
      expect(result.stderr).toContain('--overwrite');
      expect(result.code).toBe(4);
    };
    // Only the time.
    await utimes(file(), mtime, mtime);
    await refused([
      `${file()}" was changed at 2026-02-03T04:05:06.000Z, is changed at 2026-01-02T03:04:05.000Z`,
      'Finish it with the inputs as they were',
    ]);
    // Only the size.
    await writeFile(file(), Buffer.concat([bytes, Buffer.from('\n')]));
    await utimes(file(), known, known);
    await refused([`had ${bytes.length} bytes, has ${bytes.length + 1}`, 'Finish it with the inputs as they were']);
    await writeFile(file(), bytes);
    await utimes(file(), known, known);
    // Other options.
    await refused(['namespace', 'was', 'is', 'Run the first command again'], '--namespace', 'other');
    await refused(['rowGroupBytes'], '--row-group-size', '5MB');
    // Another version.
    await plan((text) => text.replace(`"pineload": "${version}"`, '"pineload": "0.0.7"'));
    await refused([`begun by pineload 0.0.7, this is ${version}`, 'Finish it with pineload 0.0.7']);
    await plan((text) => text.replace('"pineload": "0.0.7"', `"pineload": "${version}"`));
    // As it was: it goes on.
    const again = await cli(command('frozen'));
    expect(again.code, again.stderr).toBe(0);
    expect(await outcome('frozen')).toEqual(await outcome('begun-whole'));
    await rm(file());
  }, 240_000);
});
