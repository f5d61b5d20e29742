import { availableParallelism } from 'node:os';
import { runContest } from '../lib/contest.mjs';
import { convertCommand, hasWorkers } from './commands.mjs';

/** More workers, less time; only where there are more than two cores. */
export async function curveCase(bench, { name, title }) {
  const cores = availableParallelism();
  if (cores <= 2 || !(await hasWorkers())) {
    bench.note('curve: skipped; it needs more than two cores and a pineload with --workers.');
    return [];
  }
  const facts = await bench.input('jsonl-17');
  const contenders = [1, 2, 4, 8, 16]
    .filter((count) => count <= cores)
    .map((count) => ({
      id: `pineload-${count}`,
      tool: 'pineload',
      threads: count,
      command: convertCommand('jsonl-17', ['--workers', String(count)]),
      reference: true,
    }));
  return runContest({ name, title, facts, contenders }, bench);
}
