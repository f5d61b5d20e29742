import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const LIMIT = 300_000_000;
const NAME = `pineload-test-${process.pid}`;
const MOUNT = '/sys/fs/cgroup';

/** A control group with half a CPU and 300 MB, of the version that this machine has. */
interface Group {
  readonly version: 1 | 2;
  readonly directories: readonly string[];
  /** Processes that the kernel killed for want of memory, and the most that the group ever held, page cache included. */
  readonly facts: () => { readonly killed: number; readonly peak: number };
}

function makeGroup(): Group | string {
  const read = (file: string): string => readFileSync(file, 'utf8').trim();
  const counter = (file: string, name: string): number =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(read(file))?.[1] ?? 0);
  try {
    if (existsSync(`${MOUNT}/cgroup.controllers`)) {
      const directory = `${MOUNT}/${NAME}`;
      mkdirSync(directory);
      writeFileSync(`${directory}/cpu.max`, '50000 100000');
      writeFileSync(`${directory}/memory.max`, String(LIMIT));
      return {
        version: 2,
        directories: [directory],
        facts: () => ({
          killed: counter(`${directory}/memory.events`, 'oom_kill'),
          peak: Number(read(`${directory}/memory.peak`)),
        }),
      };
    }
    const [cpu, memory] = [`${MOUNT}/cpu/${NAME}`, `${MOUNT}/memory/${NAME}`];
    mkdirSync(cpu);
    mkdirSync(memory);
    writeFileSync(`${cpu}/cpu.cfs_period_us`, '100000');
    writeFileSync(`${cpu}/cpu.cfs_quota_us`, '50000');
    writeFileSync(`${memory}/memory.limit_in_bytes`, String(LIMIT));
    return {
      version: 1,
      directories: [cpu, memory],
      facts: () => ({
        killed: counter(`${memory}/memory.oom_control`, 'oom_kill'),
        peak: Number(read(`${memory}/memory.max_usage_in_bytes`)),
      }),
    };
  } catch (error) {
    return (error as Error).message;
  }
}

const made = makeGroup();
if (typeof made === 'string') console.log(`No control group can be made here, so nothing is tested in one: ${made}`);

/** Runs Node in the group. The shell enters it before Node starts, so that all its threads are born there. */
async function runInside(
  group: Group,
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const enter = group.directories.map((directory) => `echo $$ > ${directory}/cgroup.procs`).join(' && ');
  const child = spawn('sh', ['-c', `${enter} && exec "$0" "$@"`, process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe.skipIf(typeof made === 'string')('in a control group of half a CPU and 300 MB', () => {
  const group = made as Group;

  beforeAll(async () => {
    const out = createWriteStream(temp('in.jsonl'));
    const values = Array.from({ length: 1024 }, (_, j) => Math.sin(j).toFixed(7)).join(',');
    let bytes = 0;
    for (let i = 0; bytes < 200e6; i++) {
      const line = `{"id":"r${i}","values":[${i},${values}],"metadata":{"n":${i}},"namespace":"n${i % 40}"}\n`;
      bytes += line.length;
      if (!out.write(line)) await once(out, 'drain');
    }
    out.end();
    await once(out, 'finish');
  });
  afterAll(() => {
    for (const directory of group.directories) rmdirSync(directory);
  });

  it('sees its limits, below the mount as a process without a namespace does', async () => {
    const machine = new URL('../../dist/base/machine.js', import.meta.url).href;
    const code = `import { cpuCount, memoryLimit } from '${machine}'; console.log(cpuCount(), memoryLimit());`;
    const { stdout } = await runInside(group, ['--input-type=module', '-e', code]);
    const [cpus, memory] = stdout.trim().split(' ').map(Number);
    expect(cpus).toBe(1);
    // The kernel rounds to pages.
    expect(Math.abs(memory! - LIMIT)).toBeLessThan(4096);
  });

  it('converts 200 MB of 40 namespaces without being killed', async () => {
    const args = [CLI, 'convert', temp('in.jsonl'), '--to', temp('out'), '--tmp-dir', temp(), '--json'];
    const began = performance.now();
    const { code, stdout, stderr } = await runInside(group, args);
    const { killed, peak } = group.facts();
    console.log(
      `cgroup v${group.version}: exit ${code}, ${((performance.now() - began) / 1000).toFixed(1)} s, most memory with page cache ${(peak / 1e6).toFixed(0)} MB, killed ${killed}`,
    );
    expect(code, stderr.slice(-2000)).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rejected: 0, dimension: 1025 });
    expect(killed).toBe(0);
    // More than half of the text went through the disk: the memory was respected, not merely enough.
    expect(stderr).toContain('"event":"spill"');
  });
});
