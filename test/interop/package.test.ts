import { execFile, type ExecFileException } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { useTempDir } from '../support/temp-dir.js';

const exec = promisify(execFile);
const temp = useTempDir();
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORDS = join(ROOT, 'examples/words-100d.jsonl');

interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function tryExec(file: string, args: string[], cwd: string): Promise<Output> {
  try {
    return { code: 0, ...(await exec(file, args, { cwd, maxBuffer: 1e8 })) };
  } catch (error) {
    const { code, stdout, stderr } = error as ExecFileException & { stdout: string; stderr: string };
    return { code: Number(code), stdout, stderr };
  }
}

let files: string[] = [];
let install: Output;

beforeAll(async () => {
  const { stdout } = await exec('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', temp()], {
    cwd: ROOT,
  });
  const parsed = JSON.parse(stdout) as unknown;
  const packed = (Array.isArray(parsed) ? parsed[0] : Object.values(parsed as object)[0]) as {
    filename: string;
    files: { path: string }[];
  };
  files = packed.files.map(({ path }) => path);
  await mkdir(temp('empty'));
  await writeFile(temp('empty', 'package.json'), '{"name":"user","private":true,"type":"module"}');
  install = await tryExec('npm', ['install', temp(packed.filename)], temp('empty'));
});

describe('the package', () => {
  it('holds what users need and nothing else', () => {
    const folders = new Set(files.map((file) => file.split('/')[0]));
    expect([...folders].sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'NOTICE', 'README.md', 'deploy', 'dist', 'docs', 'examples', 'package.json'].sort(),
    );
    expect(files).toContain('dist/index.d.ts');
    expect(files).toContain('dist/cli/main.cjs');
    expect(files).toContain('dist/parquet/vendor/LICENSES.txt');
    expect(files).toContain('dist/bundle/LICENSES.txt');
    expect(files.filter((file) => /\.(ts|map)$/.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
  });

  it('installs in an empty folder without a warning', () => {
    expect(install.code, install.stderr).toBe(0);
    const warnings = install.stderr.split('\n').filter((line) => /warn/i.test(line) && !/Unknown .* config/.test(line));
    expect(warnings).toEqual([]);
  });

  it('runs as a command', async () => {
    const version = await tryExec('npx', ['--no-install', 'pineload', '--version'], temp('empty'));
    expect(version.stdout.trim()).toMatch(/^\d+\.\d+\.\d+/);
    const run = await tryExec(
      'npx',
      ['--no-install', 'pineload', 'run', WORDS, '--to', 'out/words', '--rehearse'],
      temp('empty'),
    );
    expect(run.stdout).toContain('imported by the emulator and verified.');
    expect(run.code).toBe(0);
  });

  it('is a library with types', async () => {
    await writeFile(
      temp('empty', 'use.ts'),
      `import { convertRecords, PineloadError, type VectorRecord } from 'pineload';
const records: VectorRecord[] = [{ id: 'a', values: [1, 2] }];
const result = await convertRecords(records, { to: 'out/lib' });
const count: number = result.manifest.records;
console.log(count, PineloadError.name);
`,
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const args = [
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--types',
      'node',
      '--typeRoots',
      join(ROOT, 'node_modules/@types'),
      'use.ts',
    ];
    const compiled = await tryExec(process.execPath, [tsc, ...args], temp('empty'));
    expect(compiled.stdout).toBe('');
    expect(compiled.code).toBe(0);
    const used = await tryExec(process.execPath, ['use.js'], temp('empty'));
    expect(used.stdout).toBe('1 PineloadError\n');
  });

  it.each(['22', '24'])('runs on Node %s', async (major) => {
    const dir = temp(`node-${major}`);
    await mkdir(dir);
    await writeFile(join(dir, 'package.json'), '{"private":true}');
    const installed = await tryExec('npm', ['install', '--no-save', `node@${major}`], dir);
    expect(installed.code, installed.stderr).toBe(0);
    const node = join(dir, 'node_modules/node/bin/node');
    expect((await exec(node, ['--version'])).stdout).toMatch(new RegExp(`^v${major}\\.`));
    const main = temp('empty', 'node_modules/pineload/dist/cli/main.cjs');
    const run = await tryExec(node, [main, 'run', WORDS, '--to', 'words', '--rehearse'], dir);
    expect(run.stderr).not.toMatch(/warning/i);
    expect(run.stdout).toContain('imported by the emulator and verified.');
    expect(run.code).toBe(0);
  });
});
