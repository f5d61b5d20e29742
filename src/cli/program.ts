import { Command, CommanderError } from 'commander';
import { VERSION } from '../base/version.js';
import { addCommitCommand } from './commit.js';
import { addCompactCommand } from './compact.js';
import { addDuplicatesCommand } from './duplicates.js';
import { addConvertCommand } from './convert.js';
import { addEmulatorCommand } from './emulator.js';
import { addImportCommand } from './import.js';
import { addInspectCommand } from './inspect.js';
import { addPlanCommand } from './plan.js';
import { rememberCommand } from './command-name.js';
import { addRulesCommand } from './rules.js';
import { addRunCommand } from './run.js';
import { addStatusCommand } from './status.js';
import { addUploadCommand } from './upload.js';
import { addValidateCommand } from './validate.js';

export { CommanderError };

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, (program: Command) => void>> = {
  run: addRunCommand,
  convert: addConvertCommand,
  validate: addValidateCommand,
  inspect: addInspectCommand,
  rules: addRulesCommand,
  upload: addUploadCommand,
  import: addImportCommand,
  plan: addPlanCommand,
  compact: addCompactCommand,
  duplicates: addDuplicatesCommand,
  commit: addCommitCommand,
  emulator: addEmulatorCommand,
  status: addStatusCommand,
};

/**
 * The command line. Nothing heavy is loaded before a command's action runs.
 *
 * @param command the first argument: where it names a command, that one alone is declared, since all of them have some hundred options.
 * Default: all of them
 */
export function buildProgram(command = ''): Command {
  const program = new Command('pineload')
    .description('Fill a Pinecone index through bulk import: vectors in, import completed and verified.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
    .configureHelp({
      // Every option has its variable by one rule, told below; saying it with each would drown the rest.
      optionDescription: ({ description, argChoices }) =>
        argChoices === undefined ? description : `${description} (${argChoices.join(', ')})`,
    })
    .addHelpText(
      'after',
      `
Examples:
  pineload run vectors.jsonl --to out/words --rehearse            try the whole line, no account needed
  pineload convert vectors.jsonl --to out/words                   JSONL to Parquet, one directory per namespace
  pineload convert 'data/*.csv.gz' --to s3://bucket/words         straight into a bucket
  pineload import start --uri s3://bucket/words -i my-index       start the import, then watch it
  pineload run vectors.jsonl --to s3://bucket/words -i my-index   all of it, and proof that it arrived

Every flag (the emulator's apart) is also a variable: --id-field is PINELOAD_ID_FIELD. The API key comes from PINECONE_API_KEY or --api-key-file.
Exit codes: 0 ok · 1 unexpected · 2 usage · 3 rejected input · 4 credentials, configuration or conflict
            5 temporary, a retry may help · 6 import failed or records missing · 7 waiting timed out · 130/143 signals`,
    );
  const named = Object.hasOwn(COMMANDS, command) ? [COMMANDS[command]!] : Object.values(COMMANDS);
  for (const add of named) add(program);
  program.hook('preAction', (_, command) => rememberCommand(command));
  return program;
}
