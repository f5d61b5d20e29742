import type { Command, Option } from 'commander';
import { formatCount } from '../base/bytes.js';
import { PineloadError, printable } from '../base/errors.js';
import { EXIT } from '../base/exit-codes.js';
import type { Receipt } from '../importer/receipt.js';
import { isOver } from '../importer/status.js';
import type { ImportModel } from '../importer/types.js';
import type { TogetherSettings } from '../pipeline/import-roots.js';
import type {
  CheckImportResult,
  ImportEachOptions,
  ImportEachResult,
  RetryImportsOptions,
  ServiceOptions,
  StartImportOptions,
  WatchImportOptions,
} from '../pipeline/import.js';
import { runCommand, type CommandResult, type OutputFlags } from './action.js';
import { costText } from '../importer/cost.js';
import { addOptions, option, CONNECTION, LIMITS, OUTPUT, START, STORE, TOGETHER, WAIT } from './options.js';
import { shellWord } from '../base/shell-word.js';
import { MAX_TABLE_ROWS, nameCell, renderTable } from './table.js';

interface IndexFlags extends ServiceOptions, OutputFlags {}

export function addImportCommand(program: Command): void {
  const imports = program
    .command('import')
    .summary('start, watch, retry, list, describe or cancel imports')
    .description('Bulk imports of an index. Flags are named as in the Pinecone CLI.');
  addStart(imports);
  addWatch(imports);
  addRetry(imports);
  addList(imports);
  addDescribe(imports);
  addCancel(imports);
}

function addStart(imports: Command): void {
  const command = imports
    .command('start')
    .summary('start the import of a prepared directory, once')
    .description(
      'Starts an import. Repeated, or run by two processes at the same time, it starts one and finds it again.',
    )
    .addOption(uriOption().makeOptionMandatory())
    .addOption(option('--state <uri>', 'state of the directory (default: <uri>.pineload/)'))
    .addOption(option('--run-id <id>', 'stands for {run} in --uri'))
    .addOption(option('--check', 'only look whether the import would go through: exit code 0, or 4 with what is wrong'))
    .addOption(option('--each', 'one import for each root of the directory: starts, follows and verifies them all'))
    .addOption(option('--no-manifest', 'the directory was made by other tools: start it unchecked'))
    .addOption(option('--no-check', 'do not look at index, namespaces and limits before'));
  addOptions(command, CONNECTION, START, LIMITS, WAIT, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload import start --uri s3://bucket/words -i my-index --check
  pineload import start --uri s3://bucket/words -i my-index --integration-id ID
  pineload import start --uri s3://bucket/tenants -i my-index --each --at-once 8`,
    )
    .action(async (flags: ImportEachOptions & StartImportOptions & OutputFlags & { each?: boolean }) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { checkImport, importEach, startImport } = await import('../pipeline/import.js');
        if (flags.check === true) {
          const { check: _, ...options } = flags;
          return checkResult(await checkImport({ ...options, signal, onEvent }), flags);
        }
        if (flags.each === true) return eachResult(await importEach({ ...flags, signal, onEvent }), flags);
        const result = await startImport({ ...flags, signal, onEvent });
        return {
          text: result.id,
          json: result,
          next: `pineload import watch --id ${shellWord(result.id)} --uri ${shellWord(flags.uri)} ${indexFlag(flags)}`,
        };
      });
    });
}

function addWatch(imports: Command): void {
  const command = imports
    .command('watch')
    .summary('follow an import to its end, or all of them')
    .description(
      'Follows imports to their ends; with --uri also verifies that everything arrived. Ctrl-C detaches, the imports go on.',
    )
    .argument('[id]', 'id of the import (default, with --uri: the one that was started of it)')
    .addOption(option('--id <id>', 'id of the import'))
    .addOption(uriOption())
    .addOption(option('--state <uri>', 'state of the directory (default: <uri>.pineload/)'))
    .addOption(option('--run-id <id>', 'stands for {run} in --uri'))
    .addOption(option('--each', 'with --uri: the imports of all its roots'))
    .addOption(option('--all', 'all imports of the index that have not ended'));
  addOptions(command, CONNECTION, WAIT, TOGETHER, STORE, OUTPUT).action(
    async (argument: string | undefined, flags: WatchFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { watchImport, watchImports } = await import('../pipeline/import.js');
        const id = argument ?? flags.id;
        const { uri, all = false, each = false } = flags;
        if ([id !== undefined, all, each].filter(Boolean).length > 1 || (all && uri !== undefined)) {
          throw new PineloadError('USAGE', { message: 'an id, --each (with --uri) and --all exclude each other' });
        }
        if (each && uri === undefined) throw new PineloadError('USAGE', { message: '--each needs --uri' });
        if (all || each) return eachResult(await watchImports({ ...flags, signal, onEvent }), flags);
        const options = { ...flags, id: uri === undefined ? requireId(id) : id, signal, onEvent };
        const { model, receipt } = await watchImport(options);
        return {
          text: `${describeText(model)}${receipt === undefined ? '' : `\n${verifiedText(receipt)}`}`,
          json: { import: model, receipt },
        };
      });
    },
  );
}

interface WatchFlags extends WatchImportOptions, TogetherSettings, OutputFlags {
  readonly each?: boolean;
  readonly all?: boolean;
}

function addRetry(imports: Command): void {
  const command = imports
    .command('retry')
    .summary('do the failed imports of a directory again')
    .description(
      'Does the imports of a directory again that failed or were cancelled, and only those. Namespaces that they left behind ' +
        'have to be deleted first; without --delete-leftovers it only says which.',
    )
    .addOption(uriOption().makeOptionMandatory())
    .addOption(option('--state <uri>', 'state of the directory (default: <uri>.pineload/)'))
    .addOption(option('--run-id <id>', 'stands for {run} in --uri'))
    .addOption(
      option(
        '--delete-leftovers',
        'delete the namespaces that the failed imports left behind, with all records in them',
      ),
    );
  const start = START.filter(({ flags }) => flags !== '--retry');
  addOptions(command, CONNECTION, start, LIMITS, WAIT, STORE, OUTPUT).action(
    async (flags: RetryImportsOptions & OutputFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { retryImports } = await import('../pipeline/import.js');
        return eachResult(await retryImports({ ...flags, signal, onEvent }), flags);
      });
    },
  );
}

function uriOption(): Option {
  return option('-u, --uri <uri>', 'import directory: what convert or upload wrote to');
}

function verifiedText({ records, sample }: Receipt): string {
  const fetched =
    sample === undefined || sample.refused
      ? ''
      : ` ${formatCount(sample.checked)} of them were fetched back and compared.`;
  return `Verified: ${formatCount(records)} records arrived.${fetched}`;
}

/** The findings as a table; what is wrong at the end, where it is seen. */
function checkResult(result: CheckImportResult, flags: ServiceOptions & { readonly uri: string }): CommandResult {
  const order = { ok: 0, warning: 1, error: 2 } as const;
  const findings = [...result.findings].sort((a, b) => order[a.severity] - order[b.severity]);
  const rows = findings.map(({ severity, code, message }) => [severity, code, message]);
  const facts = findings.flatMap(({ severity, code, expected, got }) => {
    if (severity === 'ok' || (expected === undefined && got === undefined)) return [];
    const both = [expected === undefined ? [] : [`expected ${expected}`], got === undefined ? [] : [`got ${got}`]];
    return [`${code}: ${both.flat().join(', ')}`];
  });
  const hints = [...new Set(findings.flatMap(({ hint }) => hint ?? []))];
  const size = `${formatCount(result.records)} records in ${formatCount(result.namespaces)} namespaces, ${formatCount(result.imports)} ${result.imports === 1 ? 'import' : 'imports'}.`;
  const each = result.imports > 1 ? ' --each' : '';
  return {
    text: [
      renderTable(['', 'check', 'found'], rows),
      ...(facts.length === 0 ? [] : ['', ...facts]),
      '',
      size,
      costText(result.cost),
      ...hints.map((hint) => `Hint: ${hint}`),
    ].join('\n'),
    json: result,
    exitCode: result.ok ? EXIT.OK : EXIT.CONFIG,
    next: result.ok ? `pineload import start${each} --uri ${shellWord(flags.uri)} ${indexFlag(flags)}` : undefined,
  };
}

/** Several imports as a table of their states. */
async function eachResult(
  { index, imports }: ImportEachResult,
  flags: ServiceOptions & { readonly uri?: string | undefined },
): Promise<CommandResult> {
  const { exitCodeOf } = await import('../pipeline/import-roots.js');
  const exitCode = exitCodeOf(imports);
  const rows = imports.map(({ name, state, id, model, receipt, error }) => [
    nameCell(name === '' ? '.' : name),
    state,
    id === undefined ? '' : nameCell(id),
    model?.recordsImported === undefined ? '' : formatCount(model.recordsImported),
    receipt === undefined ? '' : formatCount(receipt.records),
    error === undefined ? '' : `${error.code}: ${error.message}`.slice(0, 120),
  ]);
  const shown =
    rows.length <= MAX_TABLE_ROWS ? rows : rows.filter(([, state]) => state !== 'verified').slice(0, MAX_TABLE_ROWS);
  const counts = new Map<string, number>();
  for (const { state } of imports) counts.set(state, (counts.get(state) ?? 0) + 1);
  const sum = [...counts].map(([state, count]) => `${formatCount(count)} ${state}`).join(', ');
  const uri = flags.uri === undefined ? '' : ` --uri ${shellWord(flags.uri)}`;
  return {
    text:
      imports.length === 0
        ? 'No import is under way.'
        : [
            ...(shown.length === 0
              ? []
              : [renderTable(['root', 'state', 'id', 'imported', 'verified', ''], shown, [3, 4]), '']),
            `${formatCount(imports.length)} imports: ${sum}`,
          ].join('\n'),
    json: { index, exitCode, imports },
    exitCode,
    next:
      exitCode === EXIT.IMPORT_FAILED && uri !== ''
        ? `pineload import retry${uri} ${indexFlag(flags)}`
        : exitCode === EXIT.TIMEOUT
          ? `pineload import watch ${uri === '' ? '--all' : `--each${uri}`} ${indexFlag(flags)}`
          : counts.has('waiting') && uri !== ''
            ? `pineload import start --each${uri} ${indexFlag(flags)}`
            : undefined,
  };
}

function addList(imports: Command): void {
  const command = imports
    .command('list')
    .summary('the imports of an index')
    .addOption(option('-l, --limit <n>', 'imports on a page, 1 to 100').argParser(Number))
    .addOption(option('-p, --pagination-token <token>', 'the next page'))
    .addOption(option('--all', 'every page'));
  addOptions(command, CONNECTION, OUTPUT).action(
    async (flags: IndexFlags & { limit?: number; paginationToken?: string; all?: boolean }) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { eachImport, listImports } = await import('../pipeline/import.js');
        let page: { readonly imports: readonly ImportModel[]; readonly next: string | undefined };
        if (flags.all === true) {
          const all: ImportModel[] = [];
          for await (const model of eachImport({ ...flags, signal, onEvent })) all.push(model);
          page = { imports: all, next: undefined };
        } else {
          page = await listImports({ ...flags, signal, onEvent });
        }
        const rows = page.imports.map((model) => [
          nameCell(model.id),
          nameCell(model.status),
          model.percentComplete === undefined ? '' : `${model.percentComplete.toFixed(1)} %`,
          model.recordsImported === undefined ? '' : formatCount(model.recordsImported),
          model.createdAt === undefined ? '' : nameCell(model.createdAt),
          model.uri === undefined ? '' : nameCell(model.uri),
        ]);
        return {
          text: renderTable(['id', 'status', 'done', 'records', 'created', 'uri'], rows, [2, 3]),
          json: { data: page.imports, pagination: page.next === undefined ? undefined : { next: page.next } },
          next:
            page.next === undefined
              ? undefined
              : `pineload import list ${indexFlag(flags)} --pagination-token ${shellWord(page.next)}`,
        };
      });
    },
  );
}

function addDescribe(imports: Command): void {
  const command = imports
    .command('describe')
    .summary('one import')
    .argument('[id]', 'id of the import')
    .addOption(option('--id <id>', 'id of the import'))
    .addOption(
      option('--exit-status', 'exit code 0 when it is completed, 6 when it failed or was cancelled, 7 while it runs'),
    );
  addOptions(command, CONNECTION, OUTPUT).action(
    async (id: string | undefined, flags: IndexFlags & { id?: string; exitStatus?: boolean }) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { describeImport } = await import('../pipeline/import.js');
        const model = await describeImport({ ...flags, id: requireId(id ?? flags.id), signal, onEvent });
        const exitCode = flags.exitStatus === true ? exitStatusOf(model.status) : EXIT.OK;
        return { text: describeText(model), json: model, exitCode };
      });
    },
  );
}

function addCancel(imports: Command): void {
  const command = imports
    .command('cancel')
    .summary('cancel an import; what it imported stays')
    .argument('[id]', 'id of the import')
    .addOption(option('--id <id>', 'id of the import'));
  addOptions(command, CONNECTION, OUTPUT).action(
    async (id: string | undefined, flags: IndexFlags & { id?: string }) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { cancelImport } = await import('../pipeline/import.js');
        const importId = requireId(id ?? flags.id);
        await cancelImport({ ...flags, id: importId, signal, onEvent });
        return {
          text: `Asked to cancel import ${nameCell(importId)}. What was imported so far stays in the index.`,
          json: { id: importId, cancelled: true },
          next: `pineload import describe --id ${shellWord(importId)} ${indexFlag(flags)}`,
        };
      });
    },
  );
}

/** The state of an import for schedulers. A state that is not known counts as running. */
function exitStatusOf(status: string): number {
  if (status === 'Completed') return EXIT.OK;
  return isOver(status) ? EXIT.IMPORT_FAILED : EXIT.TIMEOUT;
}

function requireId(id: string | undefined): string {
  if (id !== undefined) return id;
  throw new PineloadError('USAGE', { message: 'the id of the import is missing', hint: 'Give it as --id ID.' });
}

function describeText(model: ImportModel): string {
  return Object.entries(model)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    .map(([key, value]) => `${key.padEnd(16)} ${typeof value === 'number' ? formatCount(value) : printable(value)}`)
    .join('\n');
}

function indexFlag(flags: ServiceOptions): string {
  return flags.indexName === undefined
    ? `--index-host ${shellWord(flags.indexHost ?? 'HOST')}`
    : `--index-name ${shellWord(flags.indexName)}`;
}
