import type { Command } from 'commander';
import { formatCount } from '../base/bytes.js';
import { startThreadsAhead } from '../pipeline/threads/start-thread.js';
import type { RunOptions } from '../pipeline/run.js';
import { runCommand, type OutputFlags } from './action.js';
import { convertJson, convertText } from './convert.js';
import { addOptions, option, CONNECTION, LIMITS, MAPPING, OUTPUT, START, STORE, TARGET, WAIT } from './options.js';
import { shellWord } from '../base/shell-word.js';

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .summary('all of it: convert, store, import, watch, verify')
    .description(
      'Converts, stores, imports, waits and verifies. Run again after an interruption, it goes on where it was.',
    )
    .argument('<input...>', 'files, globs, directories, s3://, gs:// or Azure URLs; - for standard input')
    .addOption(
      option(
        '--to <uri>',
        's3://bucket/prefix, gs://bucket/prefix or Azure container URL; a directory for rehearsals',
      ).makeOptionMandatory(),
    )
    .addOption(
      option(
        '--rehearse',
        'import into a local stand-in for the service: no account, nothing leaves this machine but to --to',
      ),
    );
  addOptions(command, CONNECTION, START, WAIT, MAPPING, TARGET, LIMITS, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload run vectors.jsonl --to out/words --rehearse
  pineload run 'data/*.jsonl.gz' --to s3://bucket/words-{run} --run-id 2026-11-22 -i my-index --integration-id ID`,
    )
    .action(async (inputs: string[], flags: Omit<RunOptions, 'inputs'> & OutputFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        startThreadsAhead(flags.workers);
        const [{ run }, { parseTarget }] = await Promise.all([
          import('../pipeline/run.js'),
          import('../uploaders/uri.js'),
        ]);
        const result = await run({ ...flags, inputs, signal, onEvent });
        const { records, namespaces } = result.convert.manifest;
        const what = `${formatCount(records)} records in ${formatCount(namespaces.length)} namespaces`;
        const verdict = result.rehearsal
          ? `Rehearsed: ${what} were converted, stored, imported by the emulator and verified.`
          : `Done: ${what} were converted, stored, imported and verified.`;
        return {
          text: `${convertText(result.convert)}\n\n${verdict}`,
          json: {
            verified: result.verified,
            rehearsal: result.rehearsal,
            convert: convertJson(result.convert),
            import: result.import,
            receipt: result.receipt,
            ...(result.imports.length > 1 ? { imports: result.imports } : {}),
          },
          next: result.rehearsal ? nextAfterRehearsal(inputs, parseTarget(result.convert.to).scheme) : undefined,
        };
      });
    });
}

/** What a user's own place is called, by the scheme that was rehearsed with; a directory cannot be imported from. */
const PLACES = {
  file: 's3://BUCKET/PREFIX',
  s3: 's3://BUCKET/PREFIX',
  gs: 'gs://BUCKET/PREFIX',
  azure: 'https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX',
} as const;

/** The same into an index, and into a store of the kind that was rehearsed with. */
function nextAfterRehearsal(inputs: readonly string[], scheme: keyof typeof PLACES): string {
  return `pineload run ${inputs.map(shellWord).join(' ')} --to ${PLACES[scheme]} --index-name NAME`;
}
