import { Option, type Command } from 'commander';
import { formatCount } from '../base/bytes.js';
import { PineloadError } from '../base/errors.js';
import type { ImportModel } from '../importer/types.js';
import type { ServiceOptions, StartImportOptions, WatchImportOptions } from '../pipeline/import.js';
import { runCommand, type OutputFlags } from './action.js';
import { addOptions, CONNECTION, OUTPUT, START, STORE, WAIT } from './options.js';
import { shellWord } from './shell-word.js';
import { printable, renderTable } from './table.js';

interface IndexFlags extends ServiceOptions, OutputFlags {}

export function addImportCommand(program: Command): void {
  const imports = program
    .command('import')
    .summary('start, watch, list, describe or cancel imports')
    .description('Bulk imports of an index. Flags are named as in the Pinecone CLI.');
  addStart(imports);
  addWatch(imports);
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
    .addOption(
      new Option('-u, --uri <uri>', 'what convert or upload wrote to').env('PINELOAD_URI').makeOptionMandatory(),
    )
    .option('--state <uri>', 'state of the directory (default: <uri>.pineload/)')
    .option('--run-id <id>', 'stands for {run} in --uri')
    .option('--no-manifest', 'the directory was made by other tools: start it unchecked')
    .option('--no-check', 'do not look at index, namespaces and limits before');
  addOptions(command, CONNECTION, START, STORE, OUTPUT).action(async (flags: StartImportOptions & OutputFlags) => {
    await runCommand(flags, async ({ signal, onEvent }) => {
      const { startImport } = await import('../pipeline/import.js');
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
    .summary('follow an import to its end')
    .description(
      'Follows an import to its end; with --uri also verifies that everything arrived. Ctrl-C detaches, the import goes on.',
    )
    .argument('[id]', 'id of the import')
    .option('--id <id>', 'id of the import')
    .option('-u, --uri <uri>', 'import directory, to verify against its manifest')
    .option('--state <uri>', 'state of the directory (default: <uri>.pineload/)');
  addOptions(command, CONNECTION, WAIT, STORE, OUTPUT).action(
    async (id: string | undefined, flags: WatchImportOptions & OutputFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { watchImport } = await import('../pipeline/import.js');
        const result = await watchImport({ ...flags, id: requireId(id ?? flags.id), signal, onEvent });
        const verified =
          result.receipt === undefined ? '' : `\nVerified: ${formatCount(result.receipt.records)} records arrived.`;
        return { text: describeText(result.model) + verified, json: { import: result.model, receipt: result.receipt } };
      });
    },
  );
}

function addList(imports: Command): void {
  const command = imports
    .command('list')
    .summary('the imports of an index')
    .option('-l, --limit <n>', 'imports on a page, 1 to 100', Number)
    .option('-p, --pagination-token <token>', 'the next page')
    .option('--all', 'every page');
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
          printable(model.id),
          printable(model.status),
          model.percentComplete === undefined ? '' : `${model.percentComplete.toFixed(1)} %`,
          model.recordsImported === undefined ? '' : formatCount(model.recordsImported),
          model.createdAt === undefined ? '' : printable(model.createdAt),
          model.uri === undefined ? '' : printable(model.uri),
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
    .option('--id <id>', 'id of the import');
  addOptions(command, CONNECTION, OUTPUT).action(
    async (id: string | undefined, flags: IndexFlags & { id?: string }) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { describeImport } = await import('../pipeline/import.js');
        const model = await describeImport({ ...flags, id: requireId(id ?? flags.id), signal, onEvent });
        return { text: describeText(model), json: model };
      });
    },
  );
}

function addCancel(imports: Command): void {
  const command = imports
    .command('cancel')
    .summary('cancel an import; what it imported stays')
    .argument('[id]', 'id of the import')
    .option('--id <id>', 'id of the import');
  addOptions(command, CONNECTION, OUTPUT).action(
    async (id: string | undefined, flags: IndexFlags & { id?: string }) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { cancelImport } = await import('../pipeline/import.js');
        const importId = requireId(id ?? flags.id);
        await cancelImport({ ...flags, id: importId, signal, onEvent });
        return {
          text: `Asked to cancel import ${printable(importId)}. What was imported so far stays in the index.`,
          json: { id: importId, cancelled: true },
          next: `pineload import describe --id ${shellWord(importId)} ${indexFlag(flags)}`,
        };
      });
    },
  );
}

function requireId(id: string | undefined): string {
  if (id !== undefined) return id;
  throw new PineloadError('USAGE', { message: 'the id of the import is missing', hint: 'Give it as --id ID.' });
}

function describeText(model: ImportModel): string {
  return Object.entries(model)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    .map(([key, value]) => `${key.padEnd(16)} ${typeof value === 'number' ? formatCount(value) : printableText(value)}`)
    .join('\n');
}

/** A text of the service: control characters escaped, but not quoted. */
function printableText(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function indexFlag(flags: ServiceOptions): string {
  return flags.indexName === undefined
    ? `--index-host ${shellWord(flags.indexHost ?? 'HOST')}`
    : `--index-name ${shellWord(flags.indexName)}`;
}
