import { runContest } from '../lib/contest.mjs';
import { AIMS } from './aims.mjs';
import { CLI, NODE } from './commands.mjs';

/** A start takes some 50 ms, which other processes disturb easily: many rounds. */
const STARTUP_ROUNDS = 15;

/** What a user waits before anything is done. */
export async function startupCase(bench, { name, title }) {
  const contenders = [
    {
      id: 'pineload',
      tool: 'pineload --version',
      command: () => [NODE, CLI, '--version'],
      peak: false,
      reference: true,
    },
    { id: 'node', tool: 'node -e 0', command: () => [NODE, '-e', '0'], peak: false, target: AIMS.startup.node },
  ];
  const rounds = bench.quick ? 5 : STARTUP_ROUNDS;
  const quietly = { ...bench, rounds, say: () => {} };
  return runContest({ name, title, contenders }, quietly);
}
