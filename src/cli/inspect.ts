import type { Command } from 'commander';
import type { InspectOptions } from '../pipeline/inspect.js';
import { runCommand, type OutputFlags } from './action.js';
import { addOptions, option, OUTPUT, STORE } from './options.js';

export function addInspectCommand(program: Command): void {
  const command = program
    .command('inspect')
    .summary('schema, row groups, first records and value ranges of a Parquet file')
    .description('Shows what a Parquet file is made of and what its records look like.')
    .argument('<uri>', 'a Parquet file, or a directory of which the first is taken: local, s3://, gs:// or Azure URL')
    .addOption(option('--records <n>', 'first records to show (default: 3)').argParser(Number))
    .addOption(
      option('--sample <n>', 'rows that value ranges and norms are taken from (default: 10000)').argParser(Number),
    );
  addOptions(command, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload inspect out/words/part-00000-00000.parquet
  pineload inspect s3://bucket/export/ns1/0.parquet --json`,
    )
    .action(async (uri: string, flags: Omit<InspectOptions, 'uri'> & OutputFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { inspect } = await import('../pipeline/inspect.js');
        const { renderInspectText } = await import('../validate/inspect-text.js');
        const file = await inspect({ ...flags, uri, signal, onEvent });
        return { text: renderInspectText(file), json: file };
      });
    });
}
