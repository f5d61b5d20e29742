import type { Command } from 'commander';
import type { UploadOptions } from '../pipeline/upload.js';
import { formatBytes, formatCount } from '../base/bytes.js';
import { runCommand, type OutputFlags } from './action.js';
import { addOptions, OUTPUT, STORE, TO, UPLOAD } from './options.js';
import { shellWord } from '../base/shell-word.js';

export function addUploadCommand(program: Command): void {
  const command = program
    .command('upload')
    .summary('a converted directory to S3, Google Cloud Storage or Azure')
    .description(
      'Uploads a converted directory. What is there already is skipped, so an upload cut off is finished by the same command.',
    )
    .argument('<dir>', 'the directory that convert wrote');
  addOptions(command, TO, UPLOAD, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload upload out/words --to s3://bucket/words
  pineload upload out/words --to https://account.blob.core.windows.net/container/words`,
    )
    .action(async (from: string, flags: Omit<UploadOptions, 'from'> & OutputFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { upload } = await import('../pipeline/upload.js');
        const result = await upload({ ...flags, from, signal, onEvent });
        const { to, files, bytes, records } = result;
        return {
          text: `${formatCount(files)} files, ${formatBytes(bytes)}, ${formatCount(records)} records in ${to}`,
          json: result,
          next: `pineload import start --uri ${shellWord(to)} --index-name NAME`,
        };
      });
    });
}
