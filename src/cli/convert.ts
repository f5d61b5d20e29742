import type { Command } from 'commander';
import type { ConvertResult } from '../pipeline/commit.js';
import type { ConvertOptions } from '../pipeline/options.js';
import { runCommand, type OutputFlags } from './action.js';
import { PineloadError } from '../base/errors.js';
import { formatCount } from '../base/bytes.js';
import { EXIT } from '../base/exit-codes.js';
import { startThreadsAhead } from '../pipeline/threads/start-thread.js';
import { addOptions, LIMITS, MAPPING, option, OUTPUT, PLAN, SHARD, STORE, TARGET, TO_OR_PLAN } from './options.js';
import { shellWord } from '../base/shell-word.js';
import { renderNamespaces } from './table.js';

export function addConvertCommand(program: Command): void {
  const command = program
    .command('convert')
    .summary('JSONL or CSV to Parquet, one directory per namespace')
    .description('Converts JSONL or CSV to the Parquet that Pinecone imports, one directory per namespace.')
    .argument('[input...]', 'files, globs, directories, s3://, gs:// or Azure URLs; - for standard input')
    .addOption(
      option('--join', 'the input is a rejects file whose records were mended: add them to what --to holds').helpGroup(
        'Bad records:',
      ),
    );
  addOptions(command, TO_OR_PLAN, PLAN, SHARD, MAPPING, TARGET, LIMITS, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload convert vectors.jsonl --to out/words
  pineload convert 'data/*.jsonl.gz' --to s3://bucket/words --on-error skip --max-rejects 1%
  pineload convert batch_output.jsonl --to out/batch --id-field custom_id \\
    --values-field response.body.data.0.embedding --namespace 'docs-{run}' --run-id 2026-11-22
  pineload convert table.csv --to out/t --values-columns dim_ --metadata-fields title,year:number
  pineload convert mended.jsonl --to out/words --join                    rejects that were mended join the others
  pineload convert --plan s3://bucket/words.pineload/ --shard 0/4        one of four machines`,
    )
    .action(async (inputs: string[], flags: ConvertFlags) => {
      if (flags.plan !== undefined) return convertPlanned(command, inputs, flags, flags.plan);
      if (flags.shard !== undefined) command.error('error: --shard is a share of a plan: name it with --plan');
      const { to } = flags;
      if (inputs.length === 0) return command.error("error: missing required argument 'input'");
      if (to === undefined) return command.error("error: required option '--to <uri>' not specified");
      // What joins a conversion later are a few records, which this thread reads itself.
      if (flags.join !== true) startThreadsAhead(flags.workers);
      await runCommand(flags, async ({ signal, onEvent }) => {
        const work = { ...flags, to, inputs, signal, onEvent };
        const result =
          flags.join === true
            ? await (await import('../pipeline/join-fixed.js')).joinFixed(work)
            : await (await import('../pipeline/convert.js')).convert(work);
        const failed = flags.failOnRejects === true && result.manifest.rejected > 0;
        return {
          text: convertText(result),
          json: convertJson(result),
          next: nextAfterConvert(result),
          exitCode: failed ? EXIT.REJECTED : EXIT.OK,
        };
      });
    });
}

type ConvertFlags = Partial<Omit<ConvertOptions, 'inputs'>> &
  OutputFlags & { readonly plan?: string; readonly shard?: string; readonly join?: boolean };

/** One shard of a plan: inputs and options are the plan's. */
async function convertPlanned(
  command: Command,
  inputs: readonly string[],
  flags: ConvertFlags,
  plan: string,
): Promise<void> {
  if (inputs.length > 0) command.error('error: a plan names its inputs; leave them out');
  if (flags.overwrite === true) command.error('error: to start anew, make the plan anew: pineload plan … --overwrite');
  await runCommand(flags, async ({ signal, onEvent }) => {
    const shard = flags.shard ?? shardOfJob(process.env);
    const { convertShard } = await import('../pipeline/convert-shard.js');
    const result = await convertShard({ ...flags, plan, shard, signal, onEvent });
    const { splits, skipped, records, files } = result;
    const before = skipped > 0 ? `, ${formatCount(skipped)} of them done before` : '';
    return {
      text: `Shard ${result.shard.index}/${result.shard.of}: ${formatCount(splits)} splits${before}, ${formatCount(records)} records in ${formatCount(files)} files`,
      json: result,
      next: `pineload commit --plan ${shellWord(result.plan)} --wait`,
    };
  });
}

/** The shard that an Indexed Job's pod is: Kubernetes sets its index, the Job's manifest how many there are. */
export function shardOfJob(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { JOB_COMPLETION_INDEX: index, PINELOAD_SHARDS: shards } = env;
  if (shards === undefined && index === undefined) return undefined;
  // Every pod would do all of it, or none of them a part.
  if (shards === undefined || index === undefined) {
    throw new PineloadError('USAGE', {
      message: `${shards === undefined ? 'JOB_COMPLETION_INDEX is set, but PINELOAD_SHARDS is not' : 'PINELOAD_SHARDS is set, but JOB_COMPLETION_INDEX is not'}`,
      hint: 'Set both, or state --shard i/n.',
    });
  }
  return `${index}/${shards}`;
}

/** The closing table, and where rejected records went. */
export function convertText(result: ConvertResult): string {
  const { manifest, rejectsFile } = result;
  const lines = ['', renderNamespaces(manifest.namespaces, manifest.rejected)];
  if (rejectsFile !== undefined) {
    const codes = Object.entries(manifest.rejectsByCode).map(([code, count]) => `${code} ${count}`);
    lines.push('', `Rejected records: ${rejectsFile} (${codes.join(', ')})`);
  }
  return lines.join('\n');
}

export function convertJson(result: ConvertResult): Record<string, unknown> {
  const { manifest, ...rest } = result;
  const { layout, kind, dimension, records, bytes, rejected, rejectsByCode, metadataChanges, namespaces, files } =
    manifest;
  const counts = { records, files: files.length, bytes, rejected, rejectsByCode, metadataChanges };
  return { ...rest, layout, kind, dimension, ...counts, namespaces };
}

export function nextAfterConvert({ to, manifest }: ConvertResult): string {
  const each = manifest.layout === undefined ? '' : ' --each';
  return /^(s3|gs|https?):/.test(to)
    ? `pineload import start${each} --uri ${shellWord(to)} --index-name NAME`
    : `pineload upload ${shellWord(to)} --to s3://BUCKET/PREFIX`;
}
