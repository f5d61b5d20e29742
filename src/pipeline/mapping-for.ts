import { PineloadError } from '../base/errors.js';
import { parseCsvHeader } from '../readers/csv/header.js';
import { resolveMapping } from '../readers/mapping.js';
import type { MappingOptions, ReaderConfig } from '../readers/reader.js';
import type { Source } from '../sources/source.js';
import { delimiterOf } from './open-chunks.js';

/**
 * The mapping for a source of another format or CSV header than the first: its own fields, the choices already made.
 *
 * @param sample the source's first records; only asked for where they must be looked at, since they may be large
 * @param mapping the one found in the first source
 */
export function mappingFor(
  source: Source,
  header: Uint8Array | undefined,
  sample: () => Uint8Array,
  mapping: ReaderConfig,
  options: MappingOptions,
): ReaderConfig {
  if (source.format === mapping.format && source.format !== 'csv') return mapping;
  const delimiter = delimiterOf(source, options.delimiter);
  if (header !== undefined && mapping.csv?.delimiter === delimiter) {
    const names = parseCsvHeader(header, delimiter, source.name);
    if (names.length === mapping.csv.header.length && names.every((name, i) => name === mapping.csv!.header[i])) {
      return mapping;
    }
  }
  const resolve = (vectorType: MappingOptions['vectorType']): ReaderConfig => {
    const stated = { ...options, vectorType, dimension: mapping.dimension || undefined };
    return resolveMapping(sample(), source.name, source.format, header, stated).config;
  };
  // Not stated as the user's choice, so that a vector of the other kind is still noticed.
  let config = resolve(options.vectorType);
  if (config.kind !== mapping.kind && mapping.kind === 'hybrid') config = resolve('hybrid');
  if (config.kind !== mapping.kind) {
    throw new PineloadError('MAPPING_UNRESOLVED', {
      source: source.name,
      field: 'vectorType',
      expected: `${mapping.kind} vectors, as in the first input`,
      got: `${config.kind} vectors`,
      hint: 'One run takes one kind: convert this input by itself, or state --vector-type.',
    });
  }
  return { ...config, keepRaw: mapping.keepRaw };
}
