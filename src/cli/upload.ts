import type { Command } from 'commander';
import type { UploadOptions, UploadResult } from '../pipeline/upload.js';
import type { UploadPlan } from '../pipeline/upload-plan.js';
import { formatBytes, formatCount } from '../base/bytes.js';
import { quote } from '../base/errors.js';
import { EXIT } from '../base/exit-codes.js';
import { runCommand, type CommandContext, type CommandResult, type OutputFlags } from './action.js';
import { addOptions, OUTPUT, STORE, TO, UPLOAD } from './options.js';
import { shellWord } from '../base/shell-word.js';

export function addUploadCommand(program: Command): void {
  const command = program
    .command('upload')
    .summary('a converted directory to S3, Google Cloud Storage or Azure')
    .description(
      'Uploads a converted directory. What is there already is skipped, so an upload cut off is finished by the same command.',
    )
    .argument('[dir]', 'the directory that convert wrote; not needed with --abort-stale');
  addOptions(command, TO, UPLOAD, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload upload out/words --to s3://bucket/words
  pineload upload out/words --to s3://bucket/words --dry-run
  pineload upload out/words --to gs://bucket/words --verify --bandwidth 50MB
  pineload upload --to s3://bucket/words --abort-stale --stale-after 48h
  pineload upload out/words --to https://account.blob.core.windows.net/container/words --include 'books-*'`,
    )
    .action(async (from: string | undefined, flags: UploadFlags) => {
      if (flags.abortStale) {
        await runCommand(flags, (context) => dropStale(flags, context));
        return;
      }
      if (flags.staleAfter !== undefined) {
        return command.error('error: --stale-after says which uploads --abort-stale drops: use both, or neither', {
          exitCode: EXIT.USAGE,
        });
      }
      if (from === undefined) return command.error("error: missing required argument 'dir'", { exitCode: EXIT.USAGE });
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { upload } = await import('../pipeline/upload.js');
        const result = await upload({ ...flags, from, signal, onEvent });
        if (result.plan !== undefined) return planned(result, result.plan);
        const { to, files, bytes, records, complete, remaining } = result;
        const rest = `; ${formatCount(remaining)} of the manifest are still to come, and it with the last of them`;
        return {
          text: complete
            ? `${formatCount(files)} files, ${formatBytes(bytes)}, ${formatCount(records)} records in ${to}`
            : `${formatCount(files)} files, ${formatBytes(bytes)} in ${to}${rest}`,
          json: result,
          next: complete
            ? `pineload import start --uri ${shellWord(to)} --index-name NAME`
            : `pineload upload ${shellWord(from)} --to ${shellWord(to)}`,
        };
      });
    });
}

type UploadFlags = Omit<UploadOptions, 'from'> & OutputFlags & { abortStale?: boolean; staleAfter?: string };

async function dropStale(flags: UploadFlags, { signal, onEvent }: CommandContext): Promise<CommandResult> {
  const { abortStale } = await import('../pipeline/abort-stale.js');
  const result = await abortStale({ ...flags, signal, onEvent });
  const { to, aborted, kept, expireDays, note } = result;
  const found = `${formatCount(aborted.length)} unfinished uploads dropped below ${to}, ${formatCount(kept)} younger ones kept. `;
  return { text: (expireDays === undefined ? found : '') + note, json: result };
}

/** A dry run: a line for each file, and what it comes to. */
function planned(result: UploadResult, plan: UploadPlan): CommandResult {
  const lines = [
    ...plan.removed.map((path) => `remove   ${quote(path)}`),
    ...plan.files.map(({ path, bytes, action }) => `${action.padEnd(8)} ${quote(path)} (${formatBytes(bytes)})`),
    '',
    `${formatCount(plan.send)} files (${formatBytes(plan.sendBytes)}) would be sent to ${result.to}, ${formatCount(plan.skip)} are there already` +
      (plan.excluded > 0 ? `, ${formatCount(plan.excluded)} left out` : '') +
      (plan.refuse > 0
        ? `.\nNothing would be sent: ${formatCount(plan.refuse)} objects hold something else (--overwrite replaces them).`
        : '. Nothing was written.'),
  ];
  return { text: lines.join('\n'), json: result, exitCode: plan.refuse > 0 ? EXIT.CONFIG : EXIT.OK };
}
