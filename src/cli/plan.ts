import type { Command } from 'commander';
import { formatBytes, formatCount } from '../base/bytes.js';
import { shellWord } from '../base/shell-word.js';
import type { PlanCommandOptions, PlanResult } from '../pipeline/plan-command.js';
import { runCommand, type OutputFlags } from './action.js';
import { addOptions, MAPPING, OUTPUT, STORE, TARGET, TO } from './options.js';

export function addPlanCommand(program: Command): void {
  const command = program
    .command('plan')
    .summary('cut the inputs into splits for many machines')
    .description(
      'Lists the inputs, settles how they are read and cuts them into splits of a fixed size. The plan goes into the state; ' +
        '"convert --plan" works on it, on as many machines as there are, and "commit" seals what they wrote.',
    )
    .argument('<input...>', 'files, globs, directories, s3://, gs:// or Azure URLs');
  addOptions(command, TO, MAPPING, TARGET, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload plan s3://bucket/raw/ --to s3://bucket/words
  pineload plan table.csv --csv-no-multiline --split-size 512MiB --to s3://bucket/table`,
    )
    .action(async (inputs: string[], flags: Omit<PlanCommandOptions, 'inputs'> & OutputFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { plan } = await import('../pipeline/plan-command.js');
        const result = await plan({ ...flags, inputs, signal, onEvent });
        return {
          text: planText(result),
          json: result,
          next: `pineload convert --plan ${shellWord(result.state)} --shard 0/N`,
        };
      });
    });
}

function planText({ plan, inputs, bytes, splits, finishedSplits }: PlanResult): string {
  const finished = finishedSplits > 0 ? `, ${formatCount(finishedSplits)} of them finished` : '';
  return `Plan: ${plan}\n${formatCount(inputs)} inputs (${formatBytes(bytes)}) in ${formatCount(splits)} splits${finished}`;
}
