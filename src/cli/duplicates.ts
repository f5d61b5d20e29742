import type { Command } from 'commander';
import { formatCount } from '../base/bytes.js';
import type { MergeDuplicatesOptions, MergeDuplicatesResult } from '../pipeline/duplicates-command.js';
import { runCommand, type OutputFlags } from './action.js';
import { shardOfJob } from './convert.js';
import { option } from './options.js';
import { addPlanStepOptions, commitPlan } from './plan-step.js';

export function addDuplicatesCommand(program: Command): void {
  const command = program
    .command('duplicates')
    .summary('look for duplicates of many splits on several machines')
    .description(
      'Merges a share of the fingerprints that the splits of a plan have written, on as many machines as there are; "commit" takes what ' +
        'was found. Without it, "commit" does so alone.',
    )
    .addOption(option('--max-memory <size>', 'memory of the whole process (default: 512MB)'));
  addPlanStepOptions(command).action(async (flags: MergeDuplicatesOptions & OutputFlags) => {
    await runCommand(flags, async ({ signal, onEvent }) => {
      const { mergeDuplicates } = await import('../pipeline/duplicates-command.js');
      const shard = flags.shard ?? shardOfJob(process.env);
      const result = await mergeDuplicates({ ...flags, shard, signal, onEvent });
      return {
        text: textOf(result),
        json: result,
        next: commitPlan(flags.plan),
      };
    });
  });
}

function textOf({ shard, candidates, skipped }: MergeDuplicatesResult): string {
  const name = `Shard ${shard.index}/${shard.of}`;
  if (skipped === 'allowed') return `${name}: the plan takes duplicates as they are`;
  if (candidates === undefined) return `${name}: the conversion is sealed already`;
  const { ids, vectors } = candidates;
  return `${name}: ${formatCount(ids)} records may have the id of another one, ${formatCount(vectors)} the vector`;
}
