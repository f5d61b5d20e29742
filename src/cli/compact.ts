import type { Command } from 'commander';
import { formatBytes, formatCount } from '../base/bytes.js';
import type { CompactOptions } from '../pipeline/compact-command.js';
import { runCommand, type OutputFlags } from './action.js';
import { shardOfJob } from './convert.js';
import { addPlanStepOptions, commitPlan } from './plan-step.js';

export function addCompactCommand(program: Command): void {
  const command = program
    .command('compact')
    .summary('join what many splits hold of small namespaces')
    .description(
      'Joins the small row groups that the splits of a plan have staged to files of the import, on as many machines as there are. ' +
        'Without it, "commit" does so alone.',
    );
  addPlanStepOptions(command).action(async (flags: CompactOptions & OutputFlags) => {
    await runCommand(flags, async ({ signal, onEvent }) => {
      const { compact } = await import('../pipeline/compact-command.js');
      const result = await compact({ ...flags, shard: flags.shard ?? shardOfJob(process.env), signal, onEvent });
      const { shard, units, skipped, files, records, bytes } = result;
      const before = skipped > 0 ? `, ${formatCount(skipped)} of them done before` : '';
      return {
        text: `Shard ${shard.index}/${shard.of}: ${formatCount(units)} steps${before}, ${formatCount(records)} records in ${formatCount(files)} files (${formatBytes(bytes)})`,
        json: result,
        next: commitPlan(flags.plan),
      };
    });
  });
}
