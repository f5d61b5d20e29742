import { PineloadError } from '../base/errors.js';
import type { PineconeClient } from './api-client.js';
import { isRefusal } from './check-namespaces.js';
import type { FetchedRecord } from './types.js';

/** A record as it was written, to compare with what the index gives back. */
export interface SampleRecord {
  readonly id: string;
  readonly namespace: string;
  readonly values?: Float32Array | undefined;
  readonly sparse?: { readonly indices: ArrayLike<number>; readonly values: ArrayLike<number> } | undefined;
  /** JSON text. */
  readonly metadata?: string | undefined;
}

export interface SampleDifference {
  readonly namespace: string;
  readonly id: string;
  /** `missing`: not in the index. `drift`: vector values that differ by rounding only, which is no fault. */
  readonly kind: 'missing' | 'values' | 'sparse' | 'metadata' | 'drift';
  readonly detail: string;
}

export interface SampleResult {
  readonly checked: number;
  /** The index did not let the records be fetched (rights of the key); nothing was compared. */
  readonly refused: boolean;
  readonly differences: readonly SampleDifference[];
}

/** Ids of one request: at 512 characters each the URL stays below what servers take. */
export const FETCH_IDS_AT_ONCE = 10;
/** Differences in units in the last place of a float32 that count as rounding on the way (decimal text and back). */
export const MAX_DRIFT_ULPS = 4;

/**
 * Fetches records back and compares them: vectors as float32, metadata as JSON values with numbers as float64 (the
 * service stores them so: `3` may come back as `3.0`).
 */
export async function checkSample(
  client: PineconeClient,
  records: readonly SampleRecord[],
  signal?: AbortSignal,
): Promise<SampleResult> {
  const differences: SampleDifference[] = [];
  const byNamespace = groupByNamespace(records);
  let checked = 0;
  for (const [namespace, group] of byNamespace) {
    for (let first = 0; first < group.length; first += FETCH_IDS_AT_ONCE) {
      const part = group.slice(first, first + FETCH_IDS_AT_ONCE);
      let fetched: Map<string, FetchedRecord>;
      try {
        fetched = await client.fetchVectors(
          part.map(({ id }) => id),
          namespace,
          { signal },
        );
      } catch (error) {
        if (error instanceof PineloadError && isRefusal(error)) return { checked, refused: true, differences };
        throw error;
      }
      for (const record of part) differences.push(...compareRecord(record, fetched.get(record.id)));
      checked += part.length;
    }
  }
  return { checked, refused: false, differences };
}

/** What differs between a record as written and as fetched; nothing when they are the same. */
export function compareRecord(written: SampleRecord, fetched: FetchedRecord | undefined): SampleDifference[] {
  const { id, namespace } = written;
  const differ = (kind: SampleDifference['kind'], detail: string): SampleDifference => ({
    namespace,
    id,
    kind,
    detail,
  });
  if (fetched === undefined) return [differ('missing', 'the record is not in the index')];
  const found: SampleDifference[] = [];
  if (written.values !== undefined) {
    found.push(...compareNumbers('values', written.values, fetched.values, differ));
  }
  if (written.sparse !== undefined) {
    // Entries may come back in another order: sorted by index on both sides.
    const before = sorted(written.sparse);
    const after = fetched.sparse === undefined ? undefined : sorted(fetched.sparse);
    if (after === undefined) found.push(differ('sparse', 'no sparse values'));
    else if (String(before.indices) !== String(after.indices)) found.push(differ('sparse', 'other sparse indices'));
    else found.push(...compareNumbers('sparse', before.values, after.values, differ));
  }
  const before: unknown = written.metadata === undefined ? {} : JSON.parse(written.metadata);
  const path = firstDifference(before, fetched.metadata ?? {}, '');
  if (path !== undefined) found.push(differ('metadata', `differs at ${path === '' ? 'the top' : path}`));
  return found;
}

function compareNumbers(
  kind: 'values' | 'sparse',
  before: ArrayLike<number>,
  after: ArrayLike<number> | undefined,
  differ: (kind: SampleDifference['kind'], detail: string) => SampleDifference,
): SampleDifference[] {
  if (before.length !== (after?.length ?? 0)) {
    return [differ(kind, `${after?.length ?? 0} numbers instead of ${before.length}`)];
  }
  let worst = 0;
  for (let i = 0; i < before.length; i++) worst = Math.max(worst, ulpsApart(before[i]!, after![i]!));
  if (worst === 0) return [];
  return [differ(worst <= MAX_DRIFT_ULPS ? 'drift' : kind, `up to ${worst} float32 ulps apart`)];
}

const FLOAT = new Float32Array(1);
const BITS = new Int32Array(FLOAT.buffer);

/** Distance of two numbers in float32 steps; +0 and -0 are 0 apart. */
export function ulpsApart(a: number, b: number): number {
  return Math.abs(ordered(a) - ordered(b));
}

/** Float32 bits as integers in the order of the numbers. */
function ordered(value: number): number {
  FLOAT[0] = value;
  const bits = BITS[0]!;
  return bits >= 0 ? bits : -(bits & 0x7fffffff);
}

function sorted(sparse: { readonly indices: ArrayLike<number>; readonly values: ArrayLike<number> }): {
  indices: number[];
  values: number[];
} {
  const order = Array.from(sparse.indices, (_, i) => i).sort((a, b) => sparse.indices[a]! - sparse.indices[b]!);
  return { indices: order.map((i) => sparse.indices[i]!), values: order.map((i) => sparse.values[i]!) };
}

/** Path of the first place where two JSON values differ; the order of members does not count. */
export function firstDifference(a: unknown, b: unknown, path: string): string | undefined {
  if (Object.is(a, b) || (a === 0 && b === 0)) return undefined;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return path;
    for (let i = 0; i < a.length; i++) {
      const found = firstDifference(a[i], b[i], `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (
    typeof a === 'object' &&
    typeof b === 'object' &&
    a !== null &&
    b !== null &&
    Array.isArray(a) === Array.isArray(b)
  ) {
    const left = a as Record<string, unknown>;
    const right = b as Record<string, unknown>;
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const at = `${path}.${JSON.stringify(key)}`;
      if (!Object.hasOwn(left, key) || !Object.hasOwn(right, key)) return at;
      const found = firstDifference(left[key], right[key], at);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return path;
}

function groupByNamespace(records: readonly SampleRecord[]): Map<string, SampleRecord[]> {
  const groups = new Map<string, SampleRecord[]>();
  for (const record of records) {
    const group = groups.get(record.namespace);
    if (group === undefined) groups.set(record.namespace, [record]);
    else group.push(record);
  }
  return groups;
}
