import { PineloadError, quote } from '../base/errors.js';
import type { EmulatorIndexOptions, Metric } from '../emulator/options.js';

/** Words for the metric of an index; hybrid records need `dotproduct`, so `hybrid` is another word for it. */
const METRICS: ReadonlyMap<string, Metric> = new Map([
  ['cosine', 'cosine'],
  ['euclidean', 'euclidean'],
  ['dotproduct', 'dotproduct'],
  ['hybrid', 'dotproduct'],
]);

/** `words:100`, `words:100:dotproduct:gcp`, `both:100:hybrid`, `terms:sparse`. Throws OPTION_INVALID. */
export function parseIndexSpec(text: string): EmulatorIndexOptions {
  const [name = '', kind = '', ...rest] = text.split(':');
  if (kind === 'sparse' && rest.length <= 1) return { name, vectorType: 'sparse', cloud: rest[0] };
  const [word, cloud] = rest;
  const metric = word === undefined ? undefined : METRICS.get(word);
  if (!/^\d+$/.test(kind) || rest.length > 2 || (word !== undefined && metric === undefined)) {
    throw new PineloadError('OPTION_INVALID', {
      field: 'index',
      expected: 'name:dimension[:cosine|euclidean|dotproduct|hybrid[:cloud]] or name:sparse[:cloud]',
      got: quote(text),
    });
  }
  return { name, dimension: Number(kind), metric, cloud };
}
