import type { Command } from 'commander';
import { formatCount } from '../base/bytes.js';
import { runCommand, type OutputFlags } from './action.js';
import { addOptions, OUTPUT } from './options.js';
import { renderTable } from './table.js';

export function addRulesCommand(program: Command): void {
  const command = program
    .command('rules')
    .summary('every rule and every limit, with where it comes from')
    .description(
      'Lists what records, files and imports are held against. documented: the service is known to refuse it; prudent: we think it wiser to.',
    );
  addOptions(command, OUTPUT).action(async (flags: OutputFlags) => {
    await runCommand(flags, async () => {
      const { listRules } = await import('../validate/list-rules.js');
      const { rules, limits } = listRules();
      const of = (group: string): readonly string[][] =>
        rules
          .filter((rule) => rule.group === group)
          .map(({ code, severity, basis, title, source }) => [code, severity, basis, title, source]);
      const head = ['code', 'severity', 'basis', 'what is wrong', 'source'];
      const limitRows = limits.map(({ title, value, unit, source, read, flag }) => [
        title,
        `${formatCount(value)} ${unit}`,
        flag,
        `${source} (${read})`,
      ]);
      return {
        text: [
          ...['records', 'files', 'index'].flatMap((group) => [
            `Rules of ${group}`,
            '',
            renderTable(head, of(group)),
            '',
          ]),
          'Limits',
          '',
          renderTable(['limit', 'value', 'overridden by', 'source'], limitRows, [1]),
        ].join('\n'),
        json: { rules, limits },
      };
    });
  });
}
