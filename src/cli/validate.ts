import type { Command } from 'commander';
import { EXIT } from '../base/exit-codes.js';
import type { ValidateOptions } from '../pipeline/validate.js';
import { runCommand, type OutputFlags } from './action.js';
import { addOptions, option, CONNECTION, LIMITS, OUTPUT, RULES, STORE } from './options.js';

type ValidateFlags = Omit<ValidateOptions, 'uri'> & OutputFlags;

export function addValidateCommand(program: Command): void {
  const command = program
    .command('validate')
    .summary('would Pinecone take these Parquet files? every row, every rule')
    .description(
      'Checks an import directory before the service bills for it: layout, schema, limits and every row, whoever wrote the files.',
    )
    .argument('<uri>', 'the import directory or one file: local, s3://, gs:// or Azure URL')
    .addOption(option('--sample <n>', 'look at the first rows of each file only').argParser(Number))
    .addOption(
      option('--dimension <n>', 'length of every dense vector (default: that of most of the first ones)').argParser(
        Number,
      ),
    )
    .addOption(option('--files <n>', 'files read at once').argParser(Number))
    .addOption(
      option('--max-findings <n>', 'findings told of each code (default: 10); all are counted').argParser(Number),
    )
    .addOption(
      option(
        '--duplicates <what>',
        'repeated ids, identical vectors: errors (default), warnings, not looked for',
      ).choices(['error', 'warn', 'allow']),
    )
    .addOption(option('--max-memory <size>', 'memory of the whole process (default: 512MB)'))
    .addOption(option('--tmp-dir <dir>', 'for what does not fit the memory'))
    .addOption(option('--html <file>', 'also write the report as a page of HTML'));
  addOptions(command, RULES, LIMITS, CONNECTION, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload validate out/words
  pineload validate s3://bucket/words --index-name my-index --html report.html
  pineload validate export/ns1/0.parquet --sample 1000 --json

Exit codes: 0 valid, warnings or not · 3 the import would fail · 4 the data are valid but do not fit the index, or nothing is there`,
    )
    .action(async (uri: string, flags: ValidateFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { validate } = await import('../pipeline/validate.js');
        const { renderReportText } = await import('../validate/report.js');
        const { report, onlyIndex, htmlFile } = await validate({ ...flags, uri, signal, onEvent });
        if (htmlFile !== undefined) onEvent({ type: 'note', message: `Report: ${htmlFile}` });
        return {
          text: renderReportText(report),
          json: { ...report, html: htmlFile },
          exitCode: report.valid ? EXIT.OK : onlyIndex ? EXIT.CONFIG : EXIT.REJECTED,
        };
      });
    });
}
