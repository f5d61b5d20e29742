import type { Command } from 'commander';
import { formatBytes, formatCount } from '../base/bytes.js';
import { shellWord } from '../base/shell-word.js';
import type { CompactOptions } from '../pipeline/compact-command.js';
import { runCommand, type OutputFlags } from './action.js';
import { shardOfJob } from './convert.js';
import { addOptions, option, OUTPUT, PLAN, SHARD, STORE } from './options.js';

export function addCompactCommand(program: Command): void {
  const command = program
    .command('compact')
    .summary('join what many splits hold of small namespaces')
    .description(
      'Joins the small row groups that the splits of a plan have staged to files of the import, on as many machines as there are. ' +
        'Without it, "commit" does so alone.',
    )
    .addOption(option('--wait [duration]', 'wait until all splits are finished (default: a day)'))
    .addOption(option('--poll <duration>', 'between two looks (default: 5s)'));
  addOptions(
    command,
    PLAN.map((one) => ({ ...one, mandatory: true })),
    SHARD,
    STORE,
    OUTPUT,
  ).action(async (flags: CompactOptions & OutputFlags) => {
    await runCommand(flags, async ({ signal, onEvent }) => {
      const { compact } = await import('../pipeline/compact-command.js');
      const result = await compact({ ...flags, shard: flags.shard ?? shardOfJob(process.env), signal, onEvent });
      const { shard, units, skipped, files, records, bytes } = result;
      const before = skipped > 0 ? `, ${formatCount(skipped)} of them done before` : '';
      return {
        text: `Shard ${shard.index}/${shard.of}: ${formatCount(units)} steps${before}, ${formatCount(records)} records in ${formatCount(files)} files (${formatBytes(bytes)})`,
        json: result,
        next: `pineload commit --plan ${shellWord(flags.plan.replace(/\?.*$/s, ''))}`,
      };
    });
  });
}
