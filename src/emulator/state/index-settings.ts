import { MAX_DIMENSION } from '../../records/limits.js';
import { DEFAULT_CLOUD, DEFAULT_REGION, type EmulatorIndexOptions } from '../options.js';
import type { IndexSettings } from './index-state.js';

/** OpenAPI 2026-04, `CreateIndexRequest.name`. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?$/;
const METRICS = ['cosine', 'euclidean', 'dotproduct'];

/**
 * Completes and checks what an index is to be made as.
 *
 * @returns the settings, or what is wrong with them as a sentence.
 */
export function indexSettings(
  wanted: EmulatorIndexOptions,
  extra: {
    readonly deletionProtection?: 'enabled' | 'disabled';
    readonly tags?: Readonly<Record<string, string>>;
    readonly maxDimension?: number | undefined;
  } = {},
): IndexSettings | string {
  const { name, dimension, vectorType = 'dense' } = wanted;
  const { maxDimension = MAX_DIMENSION } = extra;
  const metric = wanted.metric ?? (vectorType === 'sparse' ? 'dotproduct' : 'cosine');
  if (!NAME.test(name)) {
    return (
      'Index name must be 1-45 characters long, start and end with an alphanumeric character, ' +
      "and consist only of lower case alphanumeric characters or '-'."
    );
  }
  if (vectorType !== 'dense' && vectorType !== 'sparse') return "Vector type must be 'dense' or 'sparse'.";
  if (!METRICS.includes(metric)) return "Metric must be 'cosine', 'euclidean' or 'dotproduct'.";
  if (vectorType === 'sparse') {
    if (dimension !== undefined) return 'Dimension should not be specified for a sparse index.';
    if (metric !== 'dotproduct') return "The metric of a sparse index must be 'dotproduct'.";
  } else if (dimension === undefined || !Number.isInteger(dimension) || dimension < 1 || dimension > maxDimension) {
    return `Dimension must be a whole number from 1 to ${maxDimension}.`;
  }
  return {
    name,
    vectorType,
    dimension,
    metric,
    cloud: wanted.cloud ?? DEFAULT_CLOUD,
    region: wanted.region ?? DEFAULT_REGION,
    deletionProtection: extra.deletionProtection ?? 'disabled',
    tags: extra.tags ?? {},
  };
}
