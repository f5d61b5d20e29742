import { VERSION } from '../../base/version.js';
import type { JobProgress } from './progress.js';
import { replaceFile } from './replace-file.js';
import type { StatusFacts } from './status-file.js';

type Kind = 'counter' | 'gauge';
type Metric = readonly [name: string, kind: Kind, help: string, value: (progress: JobProgress) => number | undefined];

/** Names end in their unit, counters in `_total` (https://prometheus.io/docs/practices/naming/). Documented in docs/containers.md. */
const METRICS: readonly Metric[] = [
  ['pineload_read_bytes_total', 'counter', 'Bytes read from the inputs, as stored.', (p) => p.bytesRead],
  ['pineload_input_bytes', 'gauge', 'Size of all inputs, where it is known.', (p) => p.bytesTotal],
  ['pineload_records_total', 'counter', 'Records converted.', (p) => p.records],
  ['pineload_rejected_records_total', 'counter', 'Records rejected.', (p) => p.rejected],
  ['pineload_files_total', 'counter', 'Parquet files finished.', (p) => p.files],
  ['pineload_written_bytes_total', 'counter', 'Bytes of finished Parquet files.', (p) => p.bytesWritten],
  ['pineload_spilled_bytes_total', 'counter', 'Bytes that went to temporary files.', (p) => p.bytesSpilled],
  ['pineload_uploaded_files_total', 'counter', 'Files uploaded or found there.', (p) => p.filesUploaded],
  ['pineload_upload_files', 'gauge', 'Files to upload.', (p) => p.filesToUpload],
  ['pineload_uploaded_bytes_total', 'counter', 'Bytes uploaded or found there.', (p) => p.bytesUploaded],
  ['pineload_upload_bytes', 'gauge', 'Bytes to upload.', (p) => p.bytesToUpload],
  [
    'pineload_import_ratio',
    'gauge',
    'How far the imports are, 0 to 1.',
    (p) => (p.importPercent === undefined ? undefined : p.importPercent / 100),
  ],
  ['pineload_imported_records', 'gauge', 'Records imported, as the service says.', (p) => p.recordsImported],
  ['pineload_verified_records', 'gauge', 'Records counted in the index.', (p) => p.recordsVerified],
  ['pineload_retries_total', 'counter', 'Requests that were tried again.', (p) => p.retries],
  ['pineload_warnings_total', 'counter', 'Warnings.', (p) => p.warnings],
];

/**
 * The Prometheus text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/): for the node
 * exporter's textfile collector, or to be put to a Pushgateway.
 */
export function renderMetrics(facts: StatusFacts & { readonly exitCode?: number | undefined }): string {
  const { command, state, startedAt, progressAt, progress, exitCode } = facts;
  const lines: string[] = [];
  const add = (name: string, kind: Kind, help: string, value: number | undefined, labels = ''): void => {
    if (value === undefined) return;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, `${name}${labels} ${value}`);
  };
  const stage = `stage="${escapeLabel(progress.stage)}"`;
  add(
    'pineload_info',
    'gauge',
    'What runs.',
    1,
    `{command="${escapeLabel(command)}",version="${escapeLabel(VERSION)}"}`,
  );
  add('pineload_running', 'gauge', '1 while the command works.', state === 'running' ? 1 : 0, `{${stage}}`);
  add('pineload_start_time_seconds', 'gauge', 'When it began (Unix time).', startedAt.getTime() / 1000);
  add('pineload_progress_time_seconds', 'gauge', 'When it last had something to say.', progressAt.getTime() / 1000);
  add('pineload_update_time_seconds', 'gauge', 'When this was written.', Date.now() / 1000);
  for (const [name, kind, help, value] of METRICS) add(name, kind, help, value(progress));
  add('pineload_exit_code', 'gauge', 'Exit code, when it has ended.', exitCode);
  return `${lines.join('\n')}\n`;
}

/** @throws the error of the file system */
export function writeMetrics(file: string, facts: Parameters<typeof renderMetrics>[0]): void {
  replaceFile(file, renderMetrics(facts));
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
