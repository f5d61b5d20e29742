import { runContest } from '../lib/contest.mjs';
import { PEAK_BYTES, PEAK_GROWTH } from './aims.mjs';
import { convertCommand } from './commands.mjs';

/** Peak memory must not follow the size of the input. */
export async function memoryCase(bench, { name, title }) {
  const [small, large] = await Promise.all([
    bench.input('jsonl-17', Math.round(bench.size / 10)),
    bench.input('jsonl-17'),
  ]);
  const rows = [];
  for (const facts of [small, large]) {
    const id = facts === small ? 'pineload-tenth' : 'pineload';
    const size = facts === small ? 'a tenth of the input' : 'all of the input';
    const contenders = [{ id, tool: `pineload, ${size}`, command: convertCommand('jsonl-17'), reference: true }];
    rows.push(...(await runContest({ name, title, facts, contenders }, bench)));
  }
  const [low, high] = rows.map(({ peakBytes }) => peakBytes);
  if (low === undefined || high === undefined) return rows;
  const growth = high / low - 1;
  const verdict = {
    text: `peak ${growth >= 0 ? '+' : ''}${(growth * 100).toFixed(0)} % (aim: within ${PEAK_GROWTH * 100} %, at most ${PEAK_BYTES / 1e6} MB)`,
    met: growth <= PEAK_GROWTH && Math.max(low, high) <= PEAK_BYTES,
  };
  return rows.map((row, i) => (i === 1 ? { ...row, verdict } : row));
}
