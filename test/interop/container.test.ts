import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { useTempDir } from '../support/temp-dir.js';
import { buildImage, readDockerfile, runImage, USER } from './container/image.js';

const exec = promisify(execFile);
const temp = useTempDir();
const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const DOCKERFILE = fileURLToPath(new URL('../../deploy/Dockerfile', import.meta.url));

let root = '';
let data = '';

beforeAll(async () => {
  root = await buildImage(temp());
  data = temp('data');
  mkdirSync(data);
  chownSync(data, USER, USER);
  copyFileSync(WORDS, temp('data', 'words.jsonl'));
});

const summary = (name: string): unknown => JSON.parse(readFileSync(temp('data', name), 'utf8'));

describe('the Dockerfile', () => {
  it('passes hadolint', async () => {
    const hadolint = process.env['PINELOAD_TEST_HADOLINT'] ?? 'hadolint';
    const { stdout } = await exec(hadolint, ['--failure-threshold', 'style', '--strict-labels', DOCKERFILE]);
    expect(stdout).toBe('');
  });

  it('ends as another user than root, by number, and starts without a shell', () => {
    const last = (name: string): string => readDockerfile().findLast((one) => one.name === name)!.value;
    expect(last('USER')).toBe(`${USER}:${USER}`);
    expect(last('FROM')).toContain('distroless');
    expect(JSON.parse(last('ENTRYPOINT'))).toEqual(['/nodejs/bin/node', '/app/dist/cli/main.cjs']);
  });

  it('makes a small image that holds no shell', () => {
    const kilobytes = Number(execFileSync('du', ['-sk', `${root}/app`], { encoding: 'utf8' }).split('\t')[0]);
    expect(kilobytes).toBeLessThan(100_000);
    expect(readdirSync(root).sort()).not.toContain('bin');
    expect(readdirSync(`${root}/app`).sort()).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'NOTICE',
        'README.md',
        'dist',
        'node_modules',
        'package-lock.json',
        'package.json',
      ].sort(),
    );
  });
});

describe('the image, run as engines run it', () => {
  it('says its help with nothing given: no variable, no directory to write to', async () => {
    const { code, stdout } = await runImage(root, ['--help'], { data });
    expect(stdout).toContain('Usage: pineload');
    expect(code).toBe(0);
  });

  it('really has a root that cannot be written to, and is not root', async () => {
    const { code, stdout } = await runImage(root, ['convert', '/data/words.jsonl', '--to', '/out', '--json'], { data });
    expect(JSON.parse(stdout)).toMatchObject({
      error: { message: expect.stringMatching(/could not write/) as string },
    });
    expect(code).not.toBe(0);
    const closed = temp('closed');
    mkdirSync(closed);
    chmodSync(closed, 0o755);
    const other = await runImage(root, ['convert', '/app/package.json', '--to', '/data/x', '--json'], { data: closed });
    expect(other.code).not.toBe(0);
    expect(readdirSync(closed)).toEqual([]);
  });

  it('converts, imports, verifies, with scratch space as the only other place to write to', async () => {
    const args = ['run', '/data/words.jsonl', '--to', '/data/out', '--rehearse', '--json', '--tmp-dir', '/scratch'];
    const files = ['--summary-file', '/data/done.json', '--status-file', '/scratch/status.json'];
    const { code, stdout, stderr } = await runImage(root, [...args, ...files], { data });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ verified: true });
    for (const line of stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('event');
    expect(summary('done.json')).toMatchObject({ ok: true, command: 'run', exitCode: 0 });
    expect(statSync(temp('data', 'out.pineload', 'manifest.json')).uid).toBe(USER);
    expect(readdirSync(data).sort()).toEqual(['done.json', 'out', 'out.pineload', 'words.jsonl']);
  });

  it('writes a termination message into a file that is mounted by itself', async () => {
    // As Kubernetes has it: the file is there and can be written to, its directory takes no new names.
    writeFileSync(temp('data', 'termination-log'), '');
    chownSync(temp('data', 'termination-log'), USER, USER);
    chownSync(data, 0, 0);
    try {
      const args = ['convert', '/data/none.jsonl', '--to', '/scratch/x', '--summary-file', '/data/termination-log'];
      const { code } = await runImage(root, args, { data });
      expect(code).toBe(4);
      expect(summary('termination-log')).toMatchObject({ ok: false, exitCode: 4, error: { code: 'INPUT_NOT_FOUND' } });
    } finally {
      chownSync(data, USER, USER);
    }
  });

  it('as process 1 hears SIGTERM, leaves nothing half done, and goes on when run again', async () => {
    const lines = Array.from({ length: 6000 }, (_, i) =>
      JSON.stringify({ id: `r${i}`, values: Array.from({ length: 256 }, (_, j) => Math.sin(i * 256 + j)) }),
    );
    writeFileSync(temp('data', 'large.jsonl'), lines.join('\n'));
    const convert = ['convert', '/data/large.jsonl', '--to', '/data/large', '--tmp-dir', '/scratch', '--json'];
    const args = [...convert, '--summary-file', '/data/stop.json'];
    const stopped = await runImage(root, args, {
      data,
      onSpawn: (child) =>
        void (async () => {
          while (!readdirSync(data).includes('stop.json')) await sleep(5);
          // The engine signals process 1 of the container: the child of `unshare`.
          const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
          process.kill(Number(children), 'SIGTERM');
        })(),
    });
    expect(stopped.code).toBe(143);
    expect(summary('stop.json')).toMatchObject({ state: 'stopped', exitCode: 143, signal: 'SIGTERM' });
    expect(JSON.parse(stopped.stdout)).toMatchObject({ error: { code: 'ABORTED', exitCode: 143 } });
    const left = readdirSync(data, { recursive: true }).map(String);
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const again = await runImage(root, args, { data });
    expect(again.code, again.stderr).toBe(0);
    expect(summary('stop.json')).toMatchObject({ ok: true, result: { records: 6000 } });
  });
});
