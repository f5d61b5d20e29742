import { mkdir, rm } from 'node:fs/promises';
import { expect } from 'vitest';
import { startEmulator } from '../../src/emulator/index.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { outcome, randomFrom, runKilled, writeInputs } from './kills.js';
import { runCli } from './run-cli.js';

/** Records of the inputs: enough for a handful of splits and a run of about a second. */
const RECORDS = 4_000;
const OPTIONS = ['--split-size', '1MB', '--on-error', 'skip', '--json'];

export interface KillRuns {
  readonly directory: string;
  readonly seed: number;
  readonly kills: number;
  /** No further target is begun after this, though there were fewer kills. Default: as long as it takes. */
  readonly boxMs?: number;
}

/**
 * Kills `run` again and again at random moments of its whole duration, each time until it comes to its end, and holds each target
 * against that of a run which nobody disturbed: the same bytes, and one import.
 *
 * @returns runs that were killed, and targets that were finished
 */
export async function killRuns({
  directory,
  seed,
  kills,
  boxMs = Infinity,
}: KillRuns): Promise<{ killed: number; targets: number }> {
  const random = randomFrom(seed);
  await mkdir(directory, { recursive: true });
  await writeInputs(directory, RECORDS);
  const indexes = Array.from({ length: kills + 2 }, (_, i) => ({ name: `i${i}`, dimension: 48 }));
  const emulator = await startEmulator({
    openStore: (uri) => openStore(uri),
    indexes,
    pendingMs: 40,
    importMs: 120,
    indexingMs: 40,
  });
  try {
    const target = (n: number): string => `${directory}/target-${n}`;
    const command = (n: number): string[] => {
      const to = ['--to', target(n), '--index-name', `i${n}`, '--control-plane', emulator.url];
      return [
        'run',
        `${directory}/a.jsonl`,
        `${directory}/b.jsonl`,
        ...to,
        '--poll',
        '0.1',
        '--reconcile-window',
        '3',
        ...OPTIONS,
      ];
    };
    const started = performance.now();
    const first = await runCli(command(0));
    expect(first.code, first.stderr).toBe(0);
    const expected = await outcome(target(0));
    expect(Object.keys(expected.files).length).toBeGreaterThan(20);
    // A second run tells how long one takes when files and code are in the caches.
    const again = performance.now();
    expect((await runCli(command(1))).code).toBe(0);
    const duration = performance.now() - again;
    expect(await outcome(target(1))).toEqual(expected);

    let killed = 0;
    let targets = 2;
    while (killed < kills && performance.now() - started < boxMs) {
      const n = targets++;
      const moments: number[] = [];
      for (;;) {
        const afterMs = Math.round(random() * duration * 1.05);
        const last = killed >= kills || moments.length > 20;
        const result = last ? await runCli(command(n)) : await runKilled(command(n), afterMs);
        if (result.signal === 'SIGKILL') {
          killed++;
          moments.push(afterMs);
          continue;
        }
        const story = `seed ${seed}, target ${n}, killed after ${moments.join(', ') || 'nothing'} ms: ${result.stderr}`;
        expect(result.code, story).toBe(0);
        expect(JSON.parse(result.stdout), story).toMatchObject({ verified: true });
        expect(await outcome(target(n)), story).toEqual(expected);
        break;
      }
      await rm(target(n), { recursive: true });
      await rm(`${target(n)}.pineload`, { recursive: true });
    }
    expect(emulator.log().importsStarted, `seed ${seed}`).toBe(targets);
    return { killed, targets };
  } finally {
    await emulator.close();
  }
}

/**
 * Converts with four shards at the same time, twice over: one shard is killed and run again, one is run by two processes at once. What
 * `commit` seals is what one machine writes.
 *
 * @returns shards that were killed: in a round that was quick, the one to be killed may have ended before
 */
export async function killShards(directory: string, seed: number, rounds: number): Promise<number> {
  const random = randomFrom(seed);
  await mkdir(directory, { recursive: true });
  await writeInputs(directory, RECORDS);
  const inputs = [`${directory}/a.jsonl`, `${directory}/b.jsonl`];
  const started = performance.now();
  const alone = await runCli(['convert', ...inputs, '--to', `${directory}/alone`, ...OPTIONS]);
  expect(alone.code, alone.stderr).toBe(0);
  const duration = performance.now() - started;
  const expected = await outcome(`${directory}/alone`);
  let killed = 0;
  for (let round = 0; round < rounds; round++) {
    const to = `${directory}/shards-${round}`;
    const planned = await runCli(['plan', ...inputs, '--to', to, ...OPTIONS]);
    expect(planned.code, planned.stderr).toBe(0);
    const plan = ['--plan', `${to}.pineload`];
    const shard = (i: number): string[] => ['convert', ...plan, '--shard', `${i}/4`, '--json'];
    const early = await runCli(['commit', ...plan, '--json']);
    expect(early.code, early.stdout).toBe(5);
    const afterMs = Math.round(random() * duration);
    const victim = Math.floor(4 * random());
    const doubled = (victim + 1 + Math.floor(3 * random())) % 4;
    const story = `seed ${seed}, round ${round}: shard ${victim} killed after ${afterMs} ms, shard ${doubled} twice`;
    const results = await Promise.all([
      ...[0, 1, 2, 3].map((i) => (i === victim ? runKilled(shard(i), afterMs) : runCli(shard(i)))),
      runCli(shard(doubled)),
    ]);
    if (results[victim]!.signal === 'SIGKILL') killed++;
    results.forEach(({ code, signal, stderr }, i) => {
      if (i !== victim || signal === null) expect(code, `${story}: ${i}: ${stderr}`).toBe(0);
    });
    const again = await runCli(shard(victim));
    expect(again.code, `${story}: ${again.stderr}`).toBe(0);
    const sealed = await runCli(['commit', ...plan, '--wait', '--json']);
    expect(sealed.code, `${story}: ${sealed.stderr}`).toBe(0);
    expect(await outcome(to), story).toEqual(expected);
  }
  return killed;
}
