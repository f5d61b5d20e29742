import { formatBytes, formatCount, formatSeconds } from './bytes.js';
import { quote } from './errors.js';
import type { PineloadEvent } from './events.js';

/** An event as a line (or a few) for people; `undefined` for events that only a progress bar shows. */
export function renderEvent(event: PineloadEvent): string | undefined {
  switch (event.type) {
    case 'plan': {
      const size = event.bytes === undefined ? 'size not known' : formatBytes(event.bytes);
      const resumed = event.resumedSplits > 0 ? `, ${event.resumedSplits} of them done before` : '';
      return `${count(event.inputs, 'input')} (${size}) in ${count(event.splits, 'split')}${resumed}`;
    }
    case 'mapping':
      return renderMapping(event);
    case 'convert.progress':
    case 'upload.progress':
    case 'upload.verify.progress':
    case 'file':
    case 'upload.file':
      return undefined;
    case 'reject':
      return `rejected  ${event.message}`;
    case 'spill':
      return `Memory is full: ${formatBytes(event.bytes)} of gathered records went to ${event.directory}`;
    case 'convert.done':
      return `Converted ${count(event.records, 'record')} to ${count(event.files, 'file')} (${formatBytes(event.bytes)}) in ${formatSeconds(event.seconds)}: ${event.to}`;
    case 'upload.done': {
      const skipped = event.skipped > 0 ? `, ${formatCount(event.skipped)} of them there already` : '';
      return `Uploaded ${count(event.files, 'file')} (${formatBytes(event.bytes)})${skipped} in ${formatSeconds(event.seconds)}: ${event.to}`;
    }
    case 'upload.verified':
      return `Read again and found as sent: ${count(event.files, 'file')} (${formatBytes(event.bytes)})`;
    case 'store.trouble':
      return event.throttled
        ? `${event.uri} asks for less (${event.got}): ${count(event.requests, 'request')} at once from now on`
        : `${event.uri} did not answer as it should (${event.got}); trying again`;
    case 'import.started':
      return `${event.adopted ? 'Found the import that was started before' : 'Started the import'}: ${event.id} of ${event.uri} into ${event.index}`;
    case 'import.progress': {
      const percent = event.percent === undefined ? '' : ` ${event.percent.toFixed(1)} %`;
      const records = event.recordsImported === undefined ? '' : `, ${count(event.recordsImported, 'record')}`;
      const indexing = event.status === 'InProgress' && event.percent === 100 ? ' (the index is being built)' : '';
      const rate =
        event.recordsPerSecond === undefined
          ? ''
          : `, ${event.recordsPerSecond < 10 ? event.recordsPerSecond.toFixed(1) : formatCount(Math.round(event.recordsPerSecond))} records/s`;
      const left = event.secondsLeft === undefined ? '' : `, ${formatSeconds(event.secondsLeft)} left`;
      return `Import ${event.id}: ${event.status}${percent}${records}${rate}${left}${indexing}`;
    }
    case 'imports.progress': {
      const running = event.running
        .slice(0, 4)
        .map(({ name, status, percent }) => `${name} ${percent === undefined ? status : `${percent.toFixed(0)} %`}`);
      const more = event.running.length > 4 ? ', …' : '';
      const parts = [
        `${formatCount(event.done)} of ${formatCount(event.total)} done`,
        ...(event.failed > 0 ? [`${formatCount(event.failed)} failed`] : []),
        ...(running.length > 0 ? [`${event.running.length} running (${running.join(', ')}${more})`] : []),
        ...(event.waiting > 0 ? [`${formatCount(event.waiting)} waiting`] : []),
      ];
      return `Imports: ${parts.join(', ')}`;
    }
    case 'import.done':
      return `Import ${event.id}: ${event.status} after ${formatSeconds(event.seconds)}${event.recordsImported === undefined ? '' : `, ${count(event.recordsImported, 'record')} imported`}`;
    case 'verify.progress':
      return `Counting records in the index: ${formatCount(event.seen)} of ${formatCount(event.expected)}`;
    case 'verify.done':
      return `Verified: ${count(event.records, 'record')} in ${count(event.namespaces, 'namespace')} arrived`;
    case 'retry':
      return `${event.what} failed (${event.cause}); try ${event.attempt} in ${formatSeconds(event.delayMs / 1000)}`;
    case 'warning':
      return `warning   ${event.message}`;
    case 'note':
      return event.message;
    case 'error':
      return renderError(event.error);
  }
}

function renderMapping(event: Extract<PineloadEvent, { type: 'mapping' }>): string {
  const fields = Object.entries(event.fields).map(([role, field]) => `${role} from ${quote(field)}`);
  const dimension = event.dimension === undefined ? '' : `, ${event.dimension} dimensions`;
  const lines = [`${event.kind} vectors${dimension}; ${fields.join(', ')}`];
  if (event.unused.length > 0) {
    const names = event.unused.slice(0, 8).map((name) => quote(name, 40));
    lines.push(
      `warning   left behind: ${names.join(', ')}${event.unused.length > 8 ? ', …' : ''} (--metadata-rest makes metadata of them)`,
    );
  }
  return lines.join('\n');
}

export function renderError(error: {
  readonly message: string;
  readonly code: string;
  readonly hint?: string | undefined;
}): string {
  return `error     ${error.message} [${error.code}]${error.hint === undefined ? '' : `\n          ${error.hint}`}`;
}

function count(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`;
}
