import type { Command } from 'commander';
import { formatBytes, formatCount, formatSeconds } from '../base/bytes.js';
import { parseDuration } from '../base/duration.js';
import { PineloadError } from '../base/errors.js';
import { runCommand, type OutputFlags } from './action.js';
import { readStatus, type ReadStatus } from './job/status-file.js';
import { addOptions, option, TALK } from './options.js';

interface StatusFlags extends OutputFlags {
  readonly statusFile?: string;
  readonly maxAge?: string;
  readonly maxIdle?: string;
}

export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .summary('what a running command does; as a probe, whether it is alive')
    .description(
      'Reads the status file that a command keeps under --status-file. Loads nothing else, so that it is cheap as a probe.',
    )
    .argument('[file]', 'the status file (default: --status-file)')
    .addOption(
      option('--status-file <file>', 'the same, as its variable PINELOAD_STATUS_FILE is set for the command too'),
    )
    .addOption(option('--max-age <duration>', 'fail unless the process refreshed it in this time, such as 60s'))
    .addOption(option('--max-idle <duration>', 'fail unless something happened in this time, such as 30m'));
  addOptions(command, TALK)
    .addHelpText(
      'after',
      `
Examples:
  pineload status /tmp/status.json
  pineload status --max-age 60s                   with PINELOAD_STATUS_FILE set: a Kubernetes exec probe

Exit codes: 0 fresh, or the command has ended · 5 too old, or no status yet · 4 not a status file`,
    )
    .action(async (argument: string | undefined, flags: StatusFlags) => {
      // The probe's own summary must not replace that of the command it asks about.
      const { json = false, quiet = false } = flags;
      await runCommand({ json, quiet }, () => {
        const file = argument ?? flags.statusFile;
        if (file === undefined) {
          throw new PineloadError('USAGE', {
            message: 'no status file',
            hint: 'Name it, or set PINELOAD_STATUS_FILE.',
          });
        }
        const read = readStatus(file, {
          maxAgeMs: flags.maxAge === undefined ? undefined : parseDuration(flags.maxAge, 'maxAge'),
          maxIdleMs: flags.maxIdle === undefined ? undefined : parseDuration(flags.maxIdle, 'maxIdle'),
        });
        return Promise.resolve({
          text: statusText(read),
          json: { ...read.status, ageMs: read.ageMs, idleMs: read.idleMs },
        });
      });
    });
}

function statusText({ status, ageMs, idleMs }: ReadStatus): string {
  const { command, state, pid, progress } = status;
  const { stage, records, rejected, bytesRead, bytesTotal, importPercent } = progress;
  const parts = [
    `${command}: ${state}${state === 'running' ? `, ${stage}` : ''} (pid ${pid})`,
    ...(records > 0 ? [`${formatCount(records)} records`] : []),
    ...(rejected > 0 ? [`${formatCount(rejected)} rejected`] : []),
    ...(bytesRead > 0
      ? [`${formatBytes(bytesRead)}${bytesTotal === undefined ? '' : ` of ${formatBytes(bytesTotal)}`} read`]
      : []),
    ...(importPercent === undefined ? [] : [`import ${importPercent.toFixed(0)} %`]),
    `refreshed ${formatSeconds(ageMs / 1000)} ago`,
    `last event ${formatSeconds(idleMs / 1000)} ago`,
  ];
  return parts.join(', ');
}
