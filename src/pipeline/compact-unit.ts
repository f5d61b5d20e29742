import { throwIfAborted } from '../base/abort.js';
import type { ParquetJoiner } from '../parquet/join-files.js';
import { openParquetJoiner } from '../parquet/open-file.js';
import { forEachLimited } from '../writers/concurrency.js';
import { FLAT } from '../writers/layout.js';
import { partKey } from '../writers/part-names.js';
import { SMALL_FILES_AT_ONCE } from '../writers/split-options.js';
import type { CompactedFile } from './compaction-journal.js';
import type { CompactionUnit, StagedPart } from './compaction-units.js';
import type { Plan } from './plan.js';
import { stagedKey } from './staging.js';
import { corrupt } from './state-json.js';
import type { Target } from './stores.js';

/** Staged bytes that are held in memory at once, unless a single row group is larger. */
export const COMPACTION_READ_BYTES = 32 * 1024 * 1024;
/** Ranges of staged objects that are read at once. */
const READS_AT_ONCE = 8;

/** A row group on its way to a file. */
interface Item extends StagedPart {
  readonly namespace: string;
}

/**
 * Joins the row groups of some namespaces: a file of a namespace ends before the row group that would bring it beyond the file size of the
 * plan. Files are named as if by a split that follows the last one.
 */
export async function compactUnit(
  target: Target,
  plan: Plan,
  unit: CompactionUnit,
  signal: AbortSignal | undefined,
): Promise<CompactedFile[]> {
  const joining = unit.namespaces.map(({ namespace, parts }) => ({
    files: new JoinedFiles(target, plan, namespace, signal),
    /** Row groups to come. */
    left: parts.length,
    joined: [] as CompactedFile[],
  }));
  const places = new Map(unit.namespaces.map(({ namespace }, i) => [namespace, joining[i]!]));
  try {
    for (const batch of batchesOf(unit)) {
      throwIfAborted(signal);
      const groups = await readGroups(target, batch, signal);
      const byNamespace = new Map<string, number[]>();
      batch.forEach(({ namespace }, i) => {
        const own = byNamespace.get(namespace);
        if (own === undefined) byNamespace.set(namespace, [i]);
        else own.push(i);
      });
      // A small file is mostly waited for: by the disk, or by the store.
      await forEachLimited([...byNamespace], SMALL_FILES_AT_ONCE, async ([namespace, own]) => {
        const place = places.get(namespace)!;
        for (const i of own) await place.files.add(batch[i]!, groups[i]!);
        place.left -= own.length;
        if (place.left === 0) place.joined = await place.files.finish();
      });
    }
    return joining.flatMap(({ joined }) => joined);
  } catch (error) {
    for (const { files } of joining) await files.abort();
    throw error;
  }
}

/** The row groups of a unit, in order, in batches that are held in memory at once. */
function* batchesOf(unit: CompactionUnit): Generator<Item[]> {
  let batch: Item[] = [];
  let size = 0;
  for (const { namespace, parts } of unit.namespaces) {
    for (const part of parts) {
      if (batch.length > 0 && size + part.bytes > COMPACTION_READ_BYTES) {
        yield batch;
        batch = [];
        size = 0;
      }
      batch.push({ namespace, ...part });
      size += part.bytes;
    }
  }
  if (batch.length > 0) yield batch;
}

/** Row groups of one split that follow one another are one request. */
async function readGroups(
  { state }: Target,
  items: readonly Item[],
  signal: AbortSignal | undefined,
): Promise<Buffer[]> {
  const groups = new Array<Buffer>(items.length);
  const bySplit = new Map<number, number[]>();
  items.forEach(({ split }, i) => {
    const own = bySplit.get(split);
    if (own === undefined) bySplit.set(split, [i]);
    else own.push(i);
  });
  const runs: { split: number; start: number; end: number; own: number[] }[] = [];
  for (const [split, own] of bySplit) {
    for (const i of own) {
      const { offset, bytes } = items[i]!;
      const run = runs.at(-1);
      if (run !== undefined && run.split === split && run.end === offset) {
        run.end += bytes;
        run.own.push(i);
      } else runs.push({ split, start: offset, end: offset + bytes, own: [i] });
    }
  }
  await forEachLimited(runs, READS_AT_ONCE, async ({ split, start, end, own }) => {
    const key = stagedKey(split);
    const parts: Uint8Array[] = [];
    for await (const bytes of state.read(key, { start, end, signal })) parts.push(bytes);
    const bytes = Buffer.concat(parts);
    if (bytes.length !== end - start) {
      throw corrupt(state, key, `${bytes.length} bytes from byte ${start} on`, `${end - start} bytes`);
    }
    for (const i of own) {
      const at = items[i]!.offset - start;
      groups[i] = bytes.subarray(at, at + items[i]!.bytes);
    }
  });
  return groups;
}

interface OpenFile {
  readonly joiner: ParquetJoiner;
  /** Split and records of each row group. */
  readonly parts: [split: number, records: number][];
}

/** The files of a namespace, one open at a time. */
class JoinedFiles {
  readonly #files: CompactedFile[] = [];
  #open: OpenFile | undefined;

  constructor(
    private readonly target: Target,
    private readonly plan: Plan,
    private readonly namespace: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async add({ split, records }: StagedPart, group: Uint8Array): Promise<void> {
    const { fileBytes } = this.plan.output;
    if (this.#open !== undefined && this.#open.joiner.bytes + group.length > fileBytes) await this.#close();
    this.#open ??= await this.#begin();
    await this.#open.joiner.add(group, this.target.state.uri + stagedKey(split));
    this.#open.parts.push([split, records]);
  }

  async finish(): Promise<CompactedFile[]> {
    await this.#close();
    return this.#files;
  }

  /** Never throws. */
  async abort(): Promise<void> {
    await this.#open?.joiner.abort();
    this.#open = undefined;
  }

  async #begin(): Promise<OpenFile> {
    const sink = await this.target.imports.create(this.#path(), {
      checksums: ['crc64nvme', 'crc32c'],
      contentType: 'application/vnd.apache.parquet',
      signal: this.signal,
    });
    const { mapping, pineload } = this.plan;
    return { joiner: await openParquetJoiner({ sink, kind: mapping.kind, version: pineload }), parts: [] };
  }

  async #close(): Promise<void> {
    if (this.#open === undefined) return;
    const { joiner, parts } = this.#open;
    const { records, bytes, sha256, checksums } = await joiner.close();
    const { crc64nvme, crc32c } = checksums ?? {};
    const { namespace } = this;
    this.#files.push({ path: this.#path(), namespace, records, bytes, sha256, crc64nvme, crc32c, parts });
    this.#open = undefined;
  }

  /** Of the file that is open, or the next. */
  #path(): string {
    const { splits, output } = this.plan;
    return partKey(this.namespace, splits.length, this.#files.length, output.layout ?? FLAT);
  }
}
