import type { Command } from 'commander';
import { shellWord } from '../base/shell-word.js';
import { addOptions, option, OUTPUT, PLAN, SHARD, STORE } from './options.js';

/** Adds the options of a command that does a share of what is left of a plan once its splits are finished. */
export function addPlanStepOptions(command: Command): Command {
  command
    .addOption(option('--wait [duration]', 'wait until all splits are finished (default: a day)'))
    .addOption(option('--poll <duration>', 'between two looks (default: 5s)'));
  return addOptions(
    command,
    PLAN.map((one) => ({ ...one, mandatory: true })),
    SHARD,
    STORE,
    OUTPUT,
  );
}

/** What to do when all shares are done. A shared access signature is not shown. */
export function commitPlan(plan: string): string {
  return `pineload commit --plan ${shellWord(plan.replace(/\?.*$/s, ''))}`;
}
