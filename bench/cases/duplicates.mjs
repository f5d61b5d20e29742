import { runContest } from '../lib/contest.mjs';
import { convertCommand } from './commands.mjs';

/**
 * What looking for duplicates costs: the same conversion with and without, where there are none, and at its worst, where every vector is
 * there many times and so every record is read back.
 */
export async function duplicatesCase(bench, { name, title }) {
  const rows = [];
  for (const kind of ['jsonl-17', 'jsonl-words']) {
    const facts = await bench.input(kind);
    // The word vectors are there again and again: `error` would stop at some.
    const looking = kind === 'jsonl-17' ? 'error' : 'warn';
    const contenders = [
      {
        id: `${kind}-looking`,
        tool: `${kind}, --duplicates ${looking}`,
        command: convertCommand(kind, ['--duplicates', looking]),
        reference: true,
      },
      {
        id: `${kind}-allow`,
        tool: `${kind}, --duplicates allow`,
        command: convertCommand(kind, ['--duplicates', 'allow']),
      },
    ];
    rows.push(...(await runContest({ name, title, facts, contenders }, bench)));
  }
  return rows;
}
