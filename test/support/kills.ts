import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { runCli, type CliResult } from './run-cli.js';

/** Numbers from 0 to 1 that a seed brings about again (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of a test: PINELOAD_TEST_SEED, else another one each time. It is in the name of the test. */
export function testSeed(): number {
  return Number(process.env['PINELOAD_TEST_SEED'] ?? Date.now() % 1_000_000);
}

/** Two files of JSONL in all, `records` of 48 dimensions over seven namespaces, one line in 50 a bad one. */
export async function writeInputs(directory: string, records: number): Promise<void> {
  const random = randomFrom(7);
  for (const [file, from, to] of [
    ['a.jsonl', 0, Math.floor(0.8 * records)],
    ['b.jsonl', Math.floor(0.8 * records), records],
  ] as const) {
    const lines: string[] = [];
    for (let i = from; i < to; i++) {
      const values = Array.from({ length: i % 50 === 9 ? 3 : 48 }, () => random() - 0.5);
      lines.push(JSON.stringify({ id: `r${i}`, values, namespace: `n${i % 7}`, metadata: { i } }));
    }
    await writeFile(join(directory, file), `${lines.join('\n')}\n`);
  }
}

/** SHA-256 of every file below a directory, by path. */
export async function digests(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found[relative(directory, path)] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return found;
}

/** What a conversion left behind: every file of the import prefix, and the manifest. */
export async function outcome(to: string): Promise<{ files: Record<string, string>; manifest: string }> {
  return { files: await digests(to), manifest: await readFile(join(`${to}.pineload`, 'manifest.json'), 'utf8') };
}

/** Runs the command line and kills it (SIGKILL) after so many ms, if it is still there. */
export function runKilled(
  args: readonly string[],
  afterMs: number,
  env?: Readonly<Record<string, string>>,
): Promise<CliResult> {
  return runCli(args, {
    ...(env === undefined ? {} : { env }),
    onSpawn: (child) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
      child.once('exit', () => clearTimeout(timer));
    },
  });
}
