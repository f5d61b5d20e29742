import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runContest } from '../lib/contest.mjs';
import { AIMS } from './aims.mjs';
import { CLI, NODE } from './commands.mjs';

const SHARDS_AT_ONCE = fileURLToPath(new URL('../lib/shards-at-once.mjs', import.meta.url));
/** Splits of the input: enough that both shards have the same to do, few enough that each is worth its overhead. */
const SPLITS = 8;

/** Two shards, a thread each, against one process with two threads: the same input, the same splits, the same bytes in the end. */
export async function shardsCase(bench, { name, title }) {
  const facts = await bench.input('jsonl-17');
  const split = ['--split-size', String(Math.ceil(facts.bytes / SPLITS))];
  const manifests = new Set();
  const outputBytes = ({ out }) => {
    const text = readFileSync(`${out}.pineload/manifest.json`, 'utf8');
    manifests.add(createHash('sha256').update(text).digest('hex'));
    return JSON.parse(text).bytes;
  };
  const contenders = [
    {
      id: 'shards',
      tool: 'plan, 2 shards at once, commit',
      threads: '2 × 1',
      command: ({ input, out }) => [NODE, SHARDS_AT_ONCE, '2', input, out, ...split, '--', '--workers', '1'],
      // Of the process that starts the others: no figure.
      peak: false,
      reference: true,
      outputBytes,
    },
    {
      id: 'one',
      tool: 'convert',
      threads: 2,
      command: ({ input, out }) => [NODE, CLI, 'convert', input, '--to', out, ...split, '--workers', '2'],
      target: AIMS.shards.one,
      outputBytes,
    },
  ];
  const rows = await runContest({ name, title, facts, contenders }, bench);
  const problems = manifests.size > 1 ? ['the manifests are not the same'] : [];
  return rows.map((row) => (row.failed ? row : { ...row, check: { problems } }));
}
