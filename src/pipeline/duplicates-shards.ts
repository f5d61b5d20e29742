import { CANDIDATE_WORDS, type DuplicateKind } from '../duplicates/find-duplicates.js';
import { ALL_BUCKETS, type BucketRange, type FingerprintFile } from '../duplicates/fingerprint-file.js';
import { BUCKETS, FINGERPRINTS_PREFIX } from '../duplicates/fingerprint-format.js';
import { mergeSplits } from '../duplicates/merge-splits.js';
import { onlyRepeated } from '../duplicates/only-repeated.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { Shard } from './shard.js';
import { corrupt, readStateJson, writeStateJson } from './state-json.js';

/** The splits' fingerprints, all of them. */
type Files = readonly { readonly unit: number; readonly file: FingerprintFile }[];

/** What a shard of the merge leaves: a list of candidates for each kind, and, last, how many they are. */
export interface ShardCandidates {
  readonly ids: number;
  readonly vectors: number;
}

const KINDS = ['ids', 'vectors'] as const satisfies readonly DuplicateKind[];
const FORMAT = 'pineload-duplicate-candidates';
/** With the fingerprints: both are removed when the conversion is sealed. */
const PREFIX = `${FINGERPRINTS_PREFIX}shared/`;
const CANDIDATE_BYTES = 4 * CANDIDATE_WORDS;
/** Candidates read in one go. */
const READ_BYTES = 64 * 1024 * CANDIDATE_BYTES;

/** More shards than buckets would have nothing to do. */
export const MAX_MERGE_SHARDS = BUCKETS;

/**
 * Merges a share of all fingerprints, by their first bits, and notes the records that share theirs with another. What `splits` have is
 * written anew by whoever does the shard again, to the same bytes.
 */
export async function mergeShard(
  state: ObjectStore,
  plan: string,
  splits: Files,
  shard: Shard,
  memoryBytes: number,
  signal: AbortSignal | undefined,
): Promise<ShardCandidates> {
  const found: Record<DuplicateKind, number> = { ids: 0, vectors: 0 };
  for (const kind of KINDS) {
    const writer = await state.create(`${nameOf(shard)}-${kind}.bin`, {
      contentType: 'application/octet-stream',
      signal,
    });
    try {
      for await (const block of onlyRepeated(mergeSplits(splits, kind, rangeOf(shard), memoryBytes))) {
        await writer.write(new Uint8Array(block.buffer, block.byteOffset, block.byteLength));
        found[kind] += block.length / CANDIDATE_WORDS;
      }
      await writer.close();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }
  await writeStateJson(state, `${nameOf(shard)}.json`, { format: FORMAT, version: 1, plan, ...found }, signal);
  return found;
}

/** All candidates, sorted by fingerprint: what shards have found, and merged here what none has. */
export async function mergedCandidates(
  state: ObjectStore,
  plan: string,
  splits: Files,
  memoryBytes: number,
  signal: AbortSignal | undefined,
): Promise<(kind: DuplicateKind) => AsyncIterable<Uint32Array>> {
  const done = await finishedShards(state, plan, signal);
  if (done.size === 0) return (kind) => mergeSplits(splits, kind, ALL_BUCKETS, memoryBytes);
  const { of } = [...done.values()][0]!.shard;
  return async function* (kind) {
    for (let index = 0; index < of; index++) {
      const shard = { index, of };
      const counts = done.get(index)?.counts;
      if (counts === undefined) yield* mergeSplits(splits, kind, rangeOf(shard), memoryBytes);
      else yield* readCandidates(state, `${nameOf(shard)}-${kind}.bin`, counts[kind], signal);
    }
  };
}

interface FinishedShard {
  readonly shard: Shard;
  readonly counts: ShardCandidates;
}

/** By index. Where the merge was cut into several numbers of shards, those of the number that most is done of. */
async function finishedShards(
  state: ObjectStore,
  plan: string,
  signal: AbortSignal | undefined,
): Promise<Map<number, FinishedShard>> {
  const byNumber = new Map<number, Map<number, FinishedShard>>();
  for await (const { key } of state.list(PREFIX, { signal })) {
    const match = /(\d+)-of-(\d+)\.json$/.exec(key);
    if (match === null) continue;
    const shard = { index: Number(match[1]), of: Number(match[2]) };
    const counts = await readStateJson(state, key, FORMAT, signal);
    // Of another plan that was here before.
    if (counts === undefined || counts.plan !== plan) continue;
    const { ids, vectors } = counts as unknown as ShardCandidates;
    if (
      ![ids, vectors].every((count) => Number.isSafeInteger(count) && count >= 0) ||
      nameOf(shard) + '.json' !== key
    ) {
      throw corrupt(state, key, 'something else', 'how many candidates a shard has found');
    }
    const shards = byNumber.get(shard.of) ?? new Map<number, FinishedShard>();
    shards.set(shard.index, { shard, counts: { ids, vectors } });
    byNumber.set(shard.of, shards);
  }
  let most = new Map<number, FinishedShard>();
  for (const [of, shards] of [...byNumber].sort(([a], [b]) => a - b)) {
    const share = most.size === 0 ? 0 : most.size / [...most.values()][0]!.shard.of;
    if (shards.size / of > share) most = shards;
  }
  return most;
}

async function* readCandidates(
  state: ObjectStore,
  key: string,
  count: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint32Array, void, undefined> {
  const info = await state.head(key, signal);
  if (info?.bytes !== count * CANDIDATE_BYTES) {
    throw corrupt(state, key, info === undefined ? 'no such object' : `${info.bytes} bytes`, `${count} candidates`);
  }
  for (let start = 0; start < info.bytes; start += READ_BYTES) {
    const bytes = new Uint8Array(Math.min(READ_BYTES, info.bytes - start));
    let filled = 0;
    for await (const part of state.read(key, { start, end: start + bytes.length, signal })) {
      if (part.length > bytes.length - filled) throw corrupt(state, key, 'more bytes', `${bytes.length} bytes`);
      bytes.set(part, filled);
      filled += part.length;
    }
    if (filled !== bytes.length) throw corrupt(state, key, `${filled} bytes`, `${bytes.length} bytes`);
    yield new Uint32Array(bytes.buffer);
  }
}

function rangeOf({ index, of }: Shard): BucketRange {
  return { from: Math.floor((index * BUCKETS) / of), to: Math.floor(((index + 1) * BUCKETS) / of) };
}

function nameOf({ index, of }: Shard): string {
  const digits = (n: number): string => String(n).padStart(5, '0');
  return `${PREFIX}${digits(index)}-of-${digits(of)}`;
}
