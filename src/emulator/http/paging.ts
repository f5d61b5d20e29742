import { ApiError } from './answer.js';

/** A page of a longer list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly pagination?: { readonly next: string };
}

/**
 * Cuts a page out of a list sorted by `keyOf`. The token holds the last key given out, so that items that come or go
 * meanwhile neither repeat nor hide others.
 */
export function page<T>(
  sorted: readonly T[],
  limit: number,
  token: string | null,
  keyOf: (item: T) => string,
  isAfter: (key: string, last: string) => boolean,
): Page<T> {
  const last = token === null || token === '' ? undefined : readToken(token);
  const rest = last === undefined ? sorted : sorted.filter((item) => isAfter(keyOf(item), last));
  const items = rest.slice(0, limit);
  const end = items.at(-1);
  if (rest.length <= limit || end === undefined) return { items };
  return { items, pagination: { next: writeToken(keyOf(end)) } };
}

/** The `limit` of a request. */
export function readLimit(text: string | null, standard: number, max: number): number {
  if (text === null || text === '') return standard;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > max) {
    throw new ApiError(400, `limit must be a number between 1 and ${max}`);
  }
  return limit;
}

const PREFIX = 'after:';

function writeToken(key: string): string {
  return Buffer.from(PREFIX + key).toString('base64url');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith(PREFIX)) throw new ApiError(400, 'Invalid pagination token');
  return text.slice(PREFIX.length);
}
