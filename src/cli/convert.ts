import type { Command } from 'commander';
import type { ConvertResult } from '../pipeline/commit.js';
import type { ConvertOptions } from '../pipeline/options.js';
import { runCommand, type OutputFlags } from './action.js';
import { addOptions, LIMITS, MAPPING, OUTPUT, STORE, TARGET, TO } from './options.js';
import { shellWord } from '../base/shell-word.js';
import { renderNamespaces } from './table.js';

export function addConvertCommand(program: Command): void {
  const command = program
    .command('convert')
    .summary('JSONL or CSV to Parquet, one directory per namespace')
    .description('Converts JSONL or CSV to the Parquet that Pinecone imports, one directory per namespace.')
    .argument('<input...>', 'files, globs, directories, s3://, gs:// or Azure URLs; - for standard input');
  addOptions(command, TO, MAPPING, TARGET, LIMITS, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload convert vectors.jsonl --to out/words
  pineload convert 'data/*.jsonl.gz' --to s3://bucket/words --on-error skip --max-rejects 1%
  pineload convert batch_output.jsonl --to out/batch --id-field custom_id \\
    --values-field response.body.data.0.embedding --namespace 'docs-{run}' --run-id 2026-11-22
  pineload convert table.csv --to out/t --values-columns dim_ --metadata-fields title,year:number`,
    )
    .action(async (inputs: string[], flags: Omit<ConvertOptions, 'inputs'> & OutputFlags) => {
      await runCommand(flags, async ({ signal, onEvent }) => {
        const { convert } = await import('../pipeline/convert.js');
        const result = await convert({ ...flags, inputs, signal, onEvent });
        return { text: convertText(result), json: convertJson(result), next: nextAfterConvert(result) };
      });
    });
}

/** The closing table, and where rejected records went. */
export function convertText(result: ConvertResult): string {
  const { manifest, rejectsFile } = result;
  const lines = ['', renderNamespaces(manifest.namespaces)];
  if (rejectsFile !== undefined) {
    const codes = Object.entries(manifest.rejectsByCode).map(([code, count]) => `${code} ${count}`);
    lines.push('', `Rejected records: ${rejectsFile} (${codes.join(', ')})`);
  }
  return lines.join('\n');
}

export function convertJson(result: ConvertResult): Record<string, unknown> {
  const { manifest, ...rest } = result;
  const { layout, kind, dimension, records, bytes, rejected, rejectsByCode, namespaces, files } = manifest;
  return { ...rest, layout, kind, dimension, records, files: files.length, bytes, rejected, rejectsByCode, namespaces };
}

function nextAfterConvert({ to, manifest }: ConvertResult): string {
  const each = manifest.layout === undefined ? '' : ' --each';
  return /^(s3|gs|https?):/.test(to)
    ? `pineload import start${each} --uri ${shellWord(to)} --index-name NAME`
    : `pineload upload ${shellWord(to)} --to s3://BUCKET/PREFIX`;
}
