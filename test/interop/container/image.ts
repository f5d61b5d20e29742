import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const DOCKERFILE = join(ROOT, 'deploy/Dockerfile');

/** The user that deploy/Dockerfile and the manifests name. */
export const USER = 65532;

/** One instruction of a Dockerfile, lines joined. */
export interface Instruction {
  readonly name: string;
  readonly value: string;
}

export function readDockerfile(): Instruction[] {
  return readFileSync(DOCKERFILE, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', value = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      return { name, value };
    });
}

/**
 * Makes the file system of the image without a container engine: the first stage's instructions are carried out one by one in
 * a directory, and the result is put beside what the base without a shell holds, which is Node and the C libraries it loads.
 *
 * @returns the root directory
 */
export async function buildImage(directory: string): Promise<string> {
  const app = join(directory, 'root/app');
  mkdirSync(app, { recursive: true });
  const packed = JSON.parse(
    (await exec('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', directory], { cwd: ROOT })).stdout,
  ) as unknown;
  const [{ filename }] = (Array.isArray(packed) ? packed : Object.values(packed as object)) as [{ filename: string }];
  const all = readDockerfile();
  const second = all.findIndex(({ value }) => value.includes('distroless'));
  for (const { name, value } of all.slice(0, second)) {
    if (name === 'COPY')
      for (const file of value.split(' ').slice(0, -1)) copyFileSync(join(ROOT, file), join(app, file));
    else if (name === 'ADD') await exec('tar', ['-xzf', join(directory, filename), '-C', app]);
    else if (name === 'RUN') await exec('sh', ['-c', value], { cwd: app, maxBuffer: 1e8 });
    else if (!['ARG', 'FROM', 'WORKDIR'].includes(name)) throw new Error(`${name} is not carried out here`);
  }
  const root = join(directory, 'root');
  for (const path of ['nodejs/bin', 'etc', 'proc', 'dev', 'tmp', 'scratch', 'data']) {
    mkdirSync(join(root, path), { recursive: true });
  }
  writeFileSync(join(root, 'etc/passwd'), `nonroot:x:${USER}:${USER}::/home/nonroot:/sbin/nologin\n`);
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
  copyFileSync(process.execPath, join(root, 'nodejs/bin/node'));
  chmodSync(join(root, 'nodejs/bin/node'), 0o755);
  const libraries = [...execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).matchAll(/(\/\S+\.so\S*)/g)];
  for (const [, library] of libraries) {
    mkdirSync(join(root, dirname(library!)), { recursive: true });
    copyFileSync(library!, join(root, library!));
  }
  return root;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Host directory seen as /data, writable by the user. */
  readonly data: string;
  readonly onSpawn?: (child: ChildProcess) => void;
}

/**
 * Runs the image's entrypoint as an engine would under `--read-only --cap-drop ALL --tmpfs /scratch`: namespaces for mounts and
 * processes (so that it is process 1), the root read-only, user 65532 (which leaves no capability), no variable but those given, `/` as
 * working directory. Needs root, as engines do.
 */
export function runImage(
  root: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const entrypoint = JSON.parse(readDockerfile().find(({ name }) => name === 'ENTRYPOINT')!.value) as string[];
  const script = [
    'set -e',
    'mount --bind "$0" "$0"',
    'mount -t proc proc "$0/proc"',
    'mount --bind /dev "$0/dev"',
    'mount -t tmpfs -o mode=1777,size=256m tmpfs "$0/scratch"',
    'mount --bind "$DATA" "$0/data"',
    'mount -o remount,bind,ro "$0"',
    `exec env -u DATA chroot --userspec=${USER}:${USER} --groups=${USER} "$0" "$@"`,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(
      'unshare',
      ['--mount', '--pid', '--fork', '--kill-child', '--', 'sh', '-c', script.join('\n'), root, ...entrypoint, ...args],
      {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DATA: options.data, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    options.onSpawn?.(child);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
