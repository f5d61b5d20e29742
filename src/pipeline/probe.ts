import { PineloadError } from '../base/errors.js';
import { resolveMapping } from '../readers/mapping.js';
import type { Chunk, MappingOptions, ResolvedMapping } from '../readers/reader.js';
import type { Source } from '../sources/source.js';
import type { Reject } from '../records/reject.js';
import { rejectedError } from './reject-log.js';
import { openChunks, type OpenedChunks } from './open-chunks.js';

/** The mapping found in the first records, and what was opened to find it. */
export interface Probe {
  readonly source: Source;
  readonly mapping: ResolvedMapping;
  /** Set when the source cannot be opened twice: its chunks, the first one included. */
  readonly opened: OpenedChunks | undefined;
}

/** Looks at the first source that holds records and settles every choice the options leave open. */
export async function probe(
  sources: readonly Source[],
  options: MappingOptions & {
    readonly maxRecordBytes: number;
    readonly keepRaw: boolean;
    readonly signal?: AbortSignal | undefined;
    readonly onRead?: ((bytes: number) => void) | undefined;
  },
): Promise<Probe> {
  let rejected: Reject | undefined;
  for (const source of sources) {
    if (source.format === 'parquet') {
      const { sampleParquet } = await import('../readers/parquet/sample.js');
      const sample = await sampleParquet(source, { signal: options.signal });
      if (sample === undefined) continue;
      const mapping = resolveMapping(sample, source.name, source.format, undefined, options);
      return {
        source,
        mapping: { ...mapping, config: { ...mapping.config, keepRaw: options.keepRaw } },
        opened: undefined,
      };
    }
    const once = source.version === undefined;
    const opened = await openChunks(source, {
      signal: options.signal,
      maxRecordBytes: options.maxRecordBytes,
      delimiter: options.delimiter,
      onRead: once ? options.onRead : undefined,
    });
    const { header, chunks } = opened;
    let keep = false;
    try {
      const first = await chunks.next();
      if (first.done) continue;
      if (!holdsRecord(first.value.bytes)) {
        rejected ??= first.value.rejects[0];
        continue;
      }
      const mapping = resolveMapping(first.value.bytes, source.name, source.format, header, options);
      const config = { ...mapping.config, keepRaw: options.keepRaw };
      keep = once;
      return {
        source,
        mapping: { ...mapping, config },
        opened: once ? { ...opened, chunks: startingWith(first.value, chunks) } : undefined,
      };
    } finally {
      if (!keep) await chunks.return();
    }
  }
  if (rejected !== undefined) throw rejectedError(rejected);
  throw new PineloadError('INPUT_EMPTY', {
    source: sources
      .map((source) => source.name)
      .slice(0, 3)
      .join(', '),
    expected: 'at least one record',
    got: 'none',
  });
}

/** Is there anything but white space? */
function holdsRecord(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte > 0x20);
}

async function* startingWith(
  first: Chunk,
  rest: AsyncGenerator<Chunk, void, undefined>,
): AsyncGenerator<Chunk, void, undefined> {
  yield first;
  yield* rest;
}
