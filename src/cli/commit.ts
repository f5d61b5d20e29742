import type { Command } from 'commander';
import type { CommitOptions } from '../pipeline/commit-command.js';
import { runCommand, type OutputFlags } from './action.js';
import { convertJson, convertText, nextAfterConvert } from './convert.js';
import { addOptions, LIMITS, option, OUTPUT, PLAN, STORE } from './options.js';

export function addCommitCommand(program: Command): void {
  const command = program
    .command('commit')
    .summary('check and seal what the shards of a plan wrote')
    .description(
      'Checks that every split of a plan is there, once, and nothing else; that limits are kept and rejects within their share; ' +
        'then writes the manifest.',
    )
    .addOption(
      option('--wait [duration]', 'wait until all splits are finished (default: a day), looking at the journal only'),
    )
    .addOption(option('--poll <duration>', 'between two looks (default: 5s)'))
    .addOption(option('--max-rejects <max>', 'a count or a share ("1%") after which it fails (default: as planned)'))
    .addOption(
      option('--duplicates <what>', 'repeated ids, identical vectors (default: as planned)').choices([
        'error',
        'warn',
        'first',
        'last',
        'allow',
      ]),
    )
    .addOption(option('--max-memory <size>', 'memory of the whole process (default: 512MB)'))
    .addOption(option('--tmp-dir <dir>', 'for what does not fit the memory'))
    .addOption(option('--rejects <file>', 'file for rejected records (default: rejects.jsonl in the state)'));
  addOptions(
    command,
    PLAN.map((one) => ({ ...one, mandatory: true })),
    LIMITS,
    STORE,
    OUTPUT,
  )
    .addHelpText(
      'after',
      `
Examples:
  pineload commit --plan s3://bucket/words.pineload/
  pineload commit --plan s3://bucket/words.pineload/ --wait 6h

Exit codes: 5 when splits are missing`,
    )
    .action(async (flags: CommitOptions & OutputFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { commit } = await import('../pipeline/commit-command.js');
        const result = await commit({ ...flags, signal, onEvent });
        return { text: convertText(result), json: convertJson(result), next: nextAfterConvert(result) };
      });
    });
}
