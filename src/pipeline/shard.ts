import { PineloadError } from '../base/errors.js';

/** Which share of the splits: those whose number leaves `index` when divided by `of`. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

export const WHOLE: Shard = { index: 0, of: 1 };

/** Reads `2/8`: the third of eight. @throws OPTION_INVALID */
export function parseShard(value: string | Shard | undefined): Shard {
  if (value === undefined) return WHOLE;
  const match = typeof value === 'string' ? /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(value) : undefined;
  const shard = typeof value === 'string' ? { index: Number(match?.[1] ?? NaN), of: Number(match?.[2] ?? NaN) } : value;
  const { index, of } = shard;
  if (Number.isSafeInteger(index) && Number.isSafeInteger(of) && index >= 0 && index < of) return { index, of };
  throw new PineloadError('OPTION_INVALID', {
    field: 'shard',
    expected: 'i/n with i from 0 to n - 1, such as 0/4',
    got: typeof value === 'string' ? JSON.stringify(value) : `${index}/${of}`,
  });
}

/** The shard's share of a list. */
export function shareOf<T>(items: readonly T[], { index, of }: Shard): T[] {
  return items.filter((_, i) => i % of === index);
}
