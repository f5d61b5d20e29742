import { runContest } from '../lib/contest.mjs';
import { CLI, NODE } from './commands.mjs';

/** convert, upload, import by the emulator, verification: what a first user runs. */
export async function wholeLineCase(bench, { name, title }) {
  const facts = await bench.input('jsonl-17');
  const contenders = [
    {
      id: 'pineload',
      tool: 'pineload run --rehearse',
      command: ({ input, out }) => [NODE, CLI, 'run', input, '--to', out, '--rehearse', '--overwrite'],
      layout: 'directories',
      reference: true,
    },
  ];
  return runContest({ name, title, facts, contenders }, bench);
}
