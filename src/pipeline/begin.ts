import { listSources } from '../sources/list-sources.js';
import type { Source } from '../sources/source.js';
import { DEFAULT_REJECT_RECORDS, type ConvertOptions } from './options.js';
import type { ReadCount } from './piece-reader.js';
import { probe, type Probe } from './probe.js';
import type { Settings } from './settle.js';
import { openWithAccess } from './stores.js';

/** Finds the inputs that the options name. */
export function findSources(options: Omit<ConvertOptions, 'to'>): Promise<Source[]> {
  return listSources(typeof options.inputs === 'string' ? [options.inputs] : options.inputs, {
    format: options.format ?? 'auto',
    compression: options.compression ?? 'auto',
    openStore: (uri) => openWithAccess(uri, options),
    signal: options.signal,
  });
}

/** Settles the mapping by the first records, and says what it is. */
export async function findMapping(
  sources: readonly Source[],
  options: Omit<ConvertOptions, 'inputs' | 'to'>,
  settings: Pick<Settings, 'maxRecordBytes'>,
  reading?: ReadCount,
): Promise<Probe> {
  const found = await probe(sources, {
    ...options,
    maxRecordBytes: settings.maxRecordBytes,
    keepRaw: options.rejectRecords ?? DEFAULT_REJECT_RECORDS,
    onRead: reading === undefined ? undefined : (bytes) => void (reading.bytes += bytes),
  });
  const { config, chosen, unused } = found.mapping;
  options.onEvent?.({
    type: 'mapping',
    source: found.source.name,
    format: config.format,
    kind: config.kind,
    dimension: config.dimension || undefined,
    fields: chosen,
    unused,
  });
  return found;
}
