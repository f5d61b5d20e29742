import { InvalidArgumentError, Option, type Command } from 'commander';
import { PineloadError } from '../base/errors.js';
import { parseRecordLimits } from '../records/limits.js';
import { parseBytes } from '../base/bytes.js';

/** How an option is declared: its flag is also the library option (camel case) and a PINELOAD_ variable. */
interface Spec {
  readonly flags: string;
  readonly text: string;
  readonly choices?: readonly string[];
  readonly parse?: (text: string) => unknown;
  /** The command needs it, as a flag or as its variable. */
  readonly mandatory?: boolean;
  readonly group: string;
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
/** Commas inside braces belong to a glob. */
const globs = (text: string): string[] => text.match(/(?:\{[^}]*\}|[^,])+/g)?.map((glob) => glob.trim()) ?? [];
const integer = (text: string): number => (/^\d+$/.test(text.trim()) ? Number(text) : NaN);

const spec = (group: string, flags: string, text: string, more: Partial<Spec> = {}): Spec => ({
  group,
  flags,
  text,
  ...more,
});

/** Which fields of a record are what. */
export const MAPPING: readonly Spec[] = [
  spec('Fields', '--id-field <field>', 'field of the id; a name or a dotted path (default: id, _id)'),
  spec('Fields', '--values-field <field>', 'field of the dense vector (default: values, vector, embedding)'),
  spec('Fields', '--values-columns <columns>', 'CSV: one column per dimension, by prefix ("dim_") or "first..last"'),
  spec('Fields', '--sparse-values-field <field>', 'field of the sparse vector (default: sparse_values, sparseValues)'),
  spec('Fields', '--metadata-field <field>', 'field that holds the metadata object (default: metadata)'),
  spec('Fields', '--metadata-fields <fields>', 'make metadata of these fields: "title,year:number,user.name"', {
    parse: list,
  }),
  spec('Fields', '--metadata-rest', 'make metadata of all fields that nothing else uses'),
  spec('Fields', '--namespace <template>', 'one namespace for all, or a template such as "{tenant}-{run}"'),
  spec(
    'Fields',
    '--namespace-field <field>',
    'field of the namespace (default: namespace, else the default namespace)',
  ),
  spec('Fields', '--run-id <id>', 'stands for {run} in --namespace and --to'),
  spec('Fields', '--vector-encoding <encoding>', 'how vectors are written', {
    choices: ['auto', 'json', 'base64', 'delimited'],
  }),
  spec(
    'Fields',
    '--vector-delimiter <text>',
    'between the numbers of a delimited vector (default: ,); white space always does',
  ),
  spec('Fields', '--vector-type <type>', 'what the records hold', { choices: ['auto', 'dense', 'sparse', 'hybrid'] }),
  spec('Fields', '--dimension <n>', 'length of every dense vector (default: that of the first)', { parse: integer }),
  spec('Input', '--delimiter <char>', 'CSV delimiter (default: "," and a tab for .tsv)', { parse: unescapeTab }),
  spec('Input', '--format <format>', 'of the input (default: by file name)', {
    choices: ['auto', 'jsonl', 'csv', 'tsv'],
  }),
  spec('Input', '--compression <kind>', 'of the input (default: by file name and first bytes)', {
    choices: ['auto', 'none', 'gzip', 'zstd', 'brotli'],
  }),
  spec('Input', '--csv-no-multiline', 'CSV: no field holds a line break, so that large files can be cut into ranges'),
  spec('Input', '--scan', 'CSV: read large files once beforehand to find where rows begin, so that they can be cut'),
  spec('Input', '--max-record-size <size>', 'a larger record is rejected (default: 16MiB)'),
];

/** Where it goes. */
export const TO: readonly Spec[] = [
  spec('Output', '--to <uri>', 's3://bucket/prefix, gs://bucket/prefix, Azure container URL or a directory', {
    mandatory: true,
  }),
];

/** The same where a plan may name it. */
export const TO_OR_PLAN: readonly Spec[] = TO.map((one) => ({ ...one, mandatory: false }));

/** Working on a plan that another call made. */
export const PLAN: readonly Spec[] = [
  spec('Plan', '--plan <uri>', 'plan to work on: the URI of the state that holds it, or its own'),
];

/** Rules that can be set wherever records are checked. */
export const RULES: readonly Spec[] = [
  spec('Rules', '--allow-zero-vectors', 'take dense vectors that hold only zeros'),
  spec(
    'Rules',
    '--limits <limits>',
    'other limits of a record: "metadata-bytes=60KB,sparse-entries=4096" (see: pineload rules)',
    {
      parse: parseRecordLimits,
    },
  ),
];

/** Which share of a plan. */
export const SHARD: readonly Spec[] = [
  spec(
    'Plan',
    '--shard <i/n>',
    'which share of the plan, from 0 (default: JOB_COMPLETION_INDEX of PINELOAD_SHARDS, else all)',
  ),
];

/** What is written and what happens to bad records. */
export const TARGET: readonly Spec[] = [
  spec('Bad records', '--on-error <what>', 'stop at the first bad record, or skip it', { choices: ['abort', 'skip'] }),
  spec('Bad records', '--max-rejects <max>', 'with skip: a count or a share ("1%") after which the run fails'),
  spec('Bad records', '--rejects <file>', 'file for rejected records (default: rejects.jsonl in the state)'),
  spec('Bad records', '--duplicates <what>', 'repeated ids, identical vectors: stop, warn, keep one, do not look', {
    choices: ['error', 'warn', 'first', 'last', 'allow'],
  }),
  spec('Bad records', '--reject-records', 'keep the text of the records in the rejects file, to be mended and joined'),
  spec('Bad records', '--fail-on-rejects', 'exit with 3 when a record was skipped; run stops before it imports'),
  spec(
    'Rules',
    '--metadata-nulls <what>',
    'metadata values that are null: reject the record (default), or leave them out',
    {
      choices: ['reject', 'drop'],
    },
  ),
  spec('Rules', '--metadata-nested <what>', 'metadata values that are objects (default: reject)', {
    choices: ['reject', 'drop', 'stringify', 'flatten'],
  }),
  spec('Rules', '--metadata-lists <what>', 'metadata lists of other than strings (default: reject)', {
    choices: ['reject', 'drop', 'stringify'],
  }),
  ...RULES,
  spec('Output', '--overwrite', 'replace what an earlier conversion left in the target'),
  spec('Output', '--state <uri>', 'where plan, journal and manifest go (default: <target>.pineload/)'),
  spec('Output', '--layout <layout>', 'what is imported together: all (flat), each namespace, or sets of them', {
    choices: ['flat', 'per-namespace', 'sets'],
  }),
  spec('Output', '--sets <n>', 'with layout sets: over how many imports namespaces are spread', { parse: integer }),
  spec('Output', '--file-size <size>', 'size of a Parquet file (default: 400MB)'),
  spec('Output', '--row-group-size <size>', 'uncompressed size of a row group'),
  spec('Output', '--split-size <size>', 'input that is repeated at most after a crash (default: 2GiB)'),
  spec(
    'Output',
    '--max-files-per-namespace <n>',
    'small files a namespace may get; with more splits they are joined (default: 8, where there would be over 10000 in all)',
    { parse: integer },
  ),
  spec('Output', '--max-memory <size>', 'memory of the whole process (default: 512MB)'),
  spec(
    'Output',
    '--workers <n>',
    'threads that read and encode (default: the CPUs that may be used, as far as the memory holds them)',
    {
      parse: integer,
    },
  ),
  spec('Output', '--tmp-dir <dir>', 'for records that do not fit the memory'),
  spec('Output', '--no-tmp-check', 'go on where there may be too little room for them'),
];

/** How stores are reached. */
export const STORE: readonly Spec[] = [
  spec('Stores', '--s3-endpoint <url>', 'S3-compatible endpoint'),
  spec('Stores', '--s3-region <region>', 'S3 region'),
  spec('Stores', '--s3-path-style', 'bucket in the path (default with an endpoint)'),
  spec('Stores', '--s3-checksums <which>', 'none for stores that refuse the newest checksum headers', {
    choices: ['default', 'none'],
  }),
  spec('Stores', '--gcs-endpoint <url>', 'Google Cloud Storage API endpoint'),
  spec('Stores', '--anonymous', 'no credentials, for public buckets'),
  spec('Stores', '--part-size <size>', 'size of an upload part (default: 16MiB)', {
    parse: (text) => parseBytes(text, 'partSize'),
  }),
  spec('Stores', '--parts <n>', 'parts of one object under way at once', { parse: integer }),
  spec('Stores', '--tries <n>', 'tries of one request to a store (default: 8)', { parse: integer }),
  spec('Stores', '--bandwidth <size>', 'bytes sent a second, at the most, such as 50MB (default: no limit)'),
];

/** Which index, and how the service is reached. The API key is never an option. */
export const CONNECTION: readonly Spec[] = [
  spec('Pinecone', '-i, --index-name <name>', 'index, looked up by name'),
  spec('Pinecone', '--index-host <host>', 'host of the index; an http:// URL on loopback only'),
  spec('Pinecone', '--api-key-file <file>', 'file that holds the API key (default: variable PINECONE_API_KEY)'),
  spec('Pinecone', '--control-plane <url>', 'default: https://api.pinecone.io'),
  spec('Pinecone', '--api-version <version>', 'of the Pinecone API (default: 2026-04)'),
];

/** Limits of one import, where they are not the published ones. */
export const LIMITS: readonly Spec[] = [
  spec('Limits', '--max-import-size <size>', 'bytes of one import (default: 1TB)'),
  spec('Limits', '--max-import-files <n>', 'files of one import (default: 100000)', { parse: integer }),
  spec('Limits', '--max-import-namespaces <n>', 'namespaces of one import (default: 10000)', { parse: integer }),
  spec('Limits', '--max-import-file-size <size>', 'bytes of one file (default: 10GB)'),
  spec('Limits', '--max-import-namespace-size <size>', 'bytes of one namespace before a warning (default: 500GB)'),
  spec('Limits', '--max-import-uri-length <n>', 'characters of the URI (default: 1500)', { parse: integer }),
];

/** How a directory is uploaded. */
export const UPLOAD: readonly Spec[] = [
  spec('Output', '--files <n>', 'files under way at once (default: by their sizes and the memory, 32 at most)', {
    parse: integer,
  }),
  spec('Output', '--max-memory <size>', 'memory of the whole process (default: 300MB)'),
  spec('Output', '--include <globs>', 'only these namespaces ("books-*") or paths ("books/*-00001.parquet")', {
    parse: globs,
  }),
  spec('Output', '--exclude <globs>', 'all but these', { parse: globs }),
  spec('Output', '--dry-run', 'say what would be sent, skipped and refused; write nothing'),
  spec('Output', '--verify', 'read every object again and compare it with the manifest'),
  spec('Output', '--state <uri>', 'state of the directory (default: <dir>.pineload/)'),
  spec('Output', '--overwrite', 'replace what an earlier upload left in the target'),
  spec('Output', '--abort-stale', 'drop uploads below --to that were begun long ago and never finished; send nothing'),
  spec('Output', '--stale-after <duration>', 'with --abort-stale: how long ago (default: 24h)'),
  spec('Output', '--run-id <id>', 'stands for {run} in --to'),
];

/** How an import is started. */
export const START: readonly Spec[] = [
  spec('Pinecone', '--integration-id <id>', 'storage integration for a private bucket'),
  spec('Pinecone', '--error-mode <mode>', 'what the service does with a bad record (default: abort)', {
    choices: ['abort', 'continue'],
  }),
  spec('Pinecone', '--retry', 'start anew where the import before it failed'),
  spec('Pinecone', '--prune', 'before the start, remove .parquet files that the manifest does not name'),
  spec('Pinecone', '--price-per-gb <usd>', 'for the estimate of the cost (default: a table of published prices)', {
    parse: Number,
  }),
  spec('Pinecone', '--reconcile-window <seconds>', 'how long a start without an answer is looked for (default: 60)', {
    parse: Number,
  }),
  spec('Pinecone', '--at-once <n>', 'imports under way at once, where there are several (default: 4)', {
    parse: integer,
  }),
];

/** How several imports are followed together. */
export const TOGETHER: readonly Spec[] = START.filter(({ flags }) => flags.startsWith('--at-once'));

/** How an import is waited for. */
export const WAIT: readonly Spec[] = [
  spec('Pinecone', '--timeout <seconds>', 'stop waiting after this long; the import goes on (exit code 7)', {
    parse: Number,
  }),
  spec('Pinecone', '--poll <seconds>', 'time between two looks (default: adapts)', { parse: Number }),
  spec('Pinecone', '--verify-sample <n>', 'records that are fetched back and compared; 0 for none (default: 20)', {
    parse: integer,
  }),
  spec('Pinecone', '--verify-patience <seconds>', 'how long counts may lag behind a completed import', {
    parse: Number,
  }),
];

/** How every command talks. */
export const TALK: readonly Spec[] = [
  spec('Talk', '-j, --json', 'events as JSON lines on stderr, the result as one JSON line on stdout'),
  spec('Talk', '-q, --quiet', 'only warnings, errors and the result'),
  spec('Talk', '--no-color', 'plain text'),
];

/** Every command that works has these: talk, and what schedulers need. */
export const OUTPUT: readonly Spec[] = [
  ...TALK,
  spec('Jobs', '--summary-file <file>', 'a small JSON of how it ended, written on success and on failure'),
  spec('Jobs', '--status-file <file>', 'progress, refreshed every 5 seconds; "pineload status" reads it'),
  spec('Jobs', '--metrics-file <file>', 'the same as Prometheus text'),
  spec(
    'Jobs',
    '--stop-grace <duration>',
    'a stop by SIGTERM or Ctrl-C that takes longer leaves at once (default: 25s)',
  ),
];

function unescapeTab(text: string): string {
  return text === '\\t' || text === 'tab' ? '\t' : text;
}

const ENV_FALSE = new Set(['', '0', 'false', 'no', 'off']);

/** Kubernetes sets PINELOAD_PORT itself where a service is called pineload. */
const WITHOUT_VARIABLE = new Set(['help', 'version', 'port']);

/** Gives an option its variable: `--id-field` is PINELOAD_ID_FIELD. */
function bindVariable(option: Option): void {
  if (option.envVar !== undefined || WITHOUT_VARIABLE.has(option.name())) return;
  const variable = `PINELOAD_${option.name().replace(/^no-/, '').replaceAll('-', '_').toUpperCase()}`;
  if (!option.isBoolean() && !option.negate) {
    option.env(variable);
    return;
  }
  // Commander takes any value of a variable for "on"; PINELOAD_OVERWRITE=false must not overwrite.
  const value = process.env[variable];
  const on = value !== undefined && !ENV_FALSE.has(value.toLowerCase());
  if (option.negate ? value !== undefined && !on : on) option.env(variable);
}

/** An option of one command alone, with its variable. */
export function option(flags: string, text: string): Option {
  const made = new Option(flags, text);
  bindVariable(made);
  return made;
}

/** What cannot be read is a fault of the command line, told as Commander tells of others. */
function parsedOrRefused(parse: (value: string) => unknown, value: string): unknown {
  try {
    return parse(value);
  } catch (error) {
    if (!(error instanceof PineloadError)) throw error;
    throw new InvalidArgumentError(`Expected ${error.expected ?? 'something else'}.`);
  }
}

/** Declares options on a command, each with its variable: `--id-field` is PINELOAD_ID_FIELD. */
export function addOptions(command: Command, ...groups: readonly (readonly Spec[])[]): Command {
  for (const { flags, text, choices, parse, mandatory, group } of groups.flat()) {
    const made = option(flags, text);
    if (choices) made.choices([...choices]);
    if (parse) {
      made.argParser((value: string) => {
        const parsed = parsedOrRefused(parse, value);
        if (typeof parsed === 'number' && Number.isNaN(parsed)) {
          throw new InvalidArgumentError('It is not a number.');
        }
        return parsed;
      });
    }
    if (mandatory) made.makeOptionMandatory();
    made.helpGroup(`${group}:`);
    command.addOption(made);
  }
  return command;
}
