import { eachAtOnce } from '../base/each-at-once.js';
import { quote } from '../base/errors.js';
import { DIGEST_BYTES, type RowDigests } from '../duplicates/find-duplicates.js';
import { FingerprintFile, type RecordOrigin } from '../duplicates/fingerprint-file.js';
import { FINGERPRINTS_PREFIX, fingerprintsKey } from '../duplicates/fingerprint-format.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { ManifestFile } from '../writers/manifest.js';
import type { StoredRows } from './duplicates-rows.js';
import type { CompactedFile } from './compaction-journal.js';
import { ENTRIES_AT_ONCE, type SplitEntry } from './journal.js';
import { LineCounts } from './lines-before.js';
import type { Plan } from './plan.js';
import { corrupt } from './state-json.js';
import type { Target } from './stores.js';

/** Fingerprints of a split that are no larger than its share of this, or of the memory for them, are read whole. */
export const MAX_HELD_FINGERPRINT_BYTES = 32_000_000;

/** A file of a split, and which of the split's rows lie in it. */
export interface PlacedFile {
  readonly file: ManifestFile;
  readonly from: number;
  readonly to: number;
  /** Row of the file that `from` is: above 0 where rows of other splits lie before it in the file. */
  readonly at: number;
}

/** A record by its place: split, row in the split's files (see fingerprint-format.ts), number in the order of the input. */
export interface Position {
  readonly unit: number;
  readonly row: number;
  readonly number: number;
}

/** The finished splits of a conversion with their fingerprints: where each record is, and where it came from. */
export class FingerprintedSplits {
  readonly #files = new Map<number, FingerprintFile>();
  readonly #lines: LineCounts;
  #rows: Promise<StoredRows> | undefined;
  /** Files that staged row groups were joined to, and which of their rows are those of a split and namespace. */
  readonly #joined: JoinedRows;
  #placed: { readonly unit: number; readonly files: readonly PlacedFile[] } | undefined;

  private constructor(
    private readonly target: Target,
    private readonly plan: Plan,
    private readonly entries: ReadonlyMap<number, SplitEntry>,
    compacted: readonly CompactedFile[],
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#joined = new JoinedRows(compacted);
    this.#lines = new LineCounts(plan);
  }

  static async open(
    target: Target,
    plan: Plan,
    entries: ReadonlyMap<number, SplitEntry>,
    compacted: readonly CompactedFile[],
    /** Fingerprints may be held in so much memory. */
    memoryBytes: number,
    signal: AbortSignal | undefined,
  ): Promise<FingerprintedSplits> {
    const splits = new FingerprintedSplits(target, plan, entries, compacted, signal);
    const some = plan.splits.map(({ index }) => entries.get(index)!).filter(({ records }) => records > 0);
    const sizes = await sizesOf(target.state, some.length, signal);
    // A small one is one request; any other is asked for three parts or more.
    const holdBytes = Math.min(MAX_HELD_FINGERPRINT_BYTES, memoryBytes) / some.length;
    const open = async ({ split, records }: SplitEntry): Promise<FingerprintFile> => {
      const key = fingerprintsKey(split);
      const file = await FingerprintFile.open(target.state, key, { signal, size: sizes.get(key), holdBytes });
      if (file.records === records) return file;
      throw corrupt(target.state, key, `${file.records} records`, `the ${records} of the split`);
    };
    const files = await eachAtOnce(some, ENTRIES_AT_ONCE, signal, open);
    some.forEach(({ split }, i) => splits.#files.set(split, files[i]!));
    return splits;
  }

  /** The fingerprints tell that no record can be like another: there is nothing to search. */
  get allDiffer(): boolean {
    const [first, ...others] = this.#files.values();
    return first?.distinct === true && others.length === 0;
  }

  /** Every split with records. */
  get files(): { readonly unit: number; readonly file: FingerprintFile }[] {
    return [...this.#files].map(([unit, file]) => ({ unit, file }));
  }

  readonly digests: RowDigests = async (kind, unit, rows) => {
    const digests = Buffer.allocUnsafe(DIGEST_BYTES * rows.length);
    let done = 0;
    for (const { placed, own } of await this.#byFile(unit, rows)) {
      const read = await (await this.#stored()).digests(kind, storedFile(placed.file), own);
      digests.set(read, DIGEST_BYTES * done);
      done += own.length;
    }
    return digests;
  };

  /** Reading Parquet is loaded when rows are to be looked at: mostly there are none. */
  #stored(): Promise<StoredRows> {
    return (this.#rows ??= import('./duplicates-rows.js').then((rows) => {
      const { kind, dimension } = this.plan.mapping;
      return new rows.StoredRows(this.target.imports, kind === 'sparse' ? 0 : dimension, this.signal);
    }));
  }

  /** The split's files in the order of their rows. */
  async filesOf(unit: number): Promise<readonly PlacedFile[]> {
    if (this.#placed?.unit !== unit) {
      const { namespaces } = await this.#files.get(unit)!.details();
      const byNamespace = new Map<string, ManifestFile[]>();
      for (const file of this.entries.get(unit)!.files) {
        const files = byNamespace.get(file.namespace);
        if (files === undefined) byNamespace.set(file.namespace, [file]);
        else files.push(file);
      }
      const files: PlacedFile[] = [];
      let row = 0;
      for (const [namespace, records] of namespaces) {
        const first = row;
        for (const file of byNamespace.get(namespace) ?? []) {
          files.push({ file, from: row, to: row + file.records, at: 0 });
          row += file.records;
        }
        // A split stages what is left of a namespace in the end.
        const rest = this.#joined.of(unit, namespace);
        if (rest !== undefined) {
          files.push({ file: rest.file, from: row, to: row + rest.records, at: rest.at });
          row += rest.records;
        }
        if (row - first !== records) {
          const got = `${records} records of namespace ${quote(namespace)}`;
          throw corrupt(this.target.state, fingerprintsKey(unit), got, `the ${row - first} of the split's files`);
        }
      }
      this.#placed = { unit, files };
    }
    return this.#placed.files;
  }

  /** Does the file hold rows of several splits? */
  isJoined(file: ManifestFile): boolean {
    return this.#joined.has(file);
  }

  /** File and row in it, 0-based. */
  async placeOf({ unit, row }: Position): Promise<{ readonly file: ManifestFile; readonly row: number }> {
    const files = await this.filesOf(unit);
    const placed = files[fileAt(files, row)]!;
    return { file: placed.file, row: row - placed.from + placed.at };
  }

  /** Ids of records, in the order in which they are asked for. */
  async ids(positions: readonly Position[]): Promise<string[]> {
    return this.#inOrder(
      positions,
      (a, b) => a.row - b.row,
      async (unit, some) => {
        const ids: string[] = [];
        const rows = some.map(({ row }) => row);
        for (const { placed, own } of await this.#byFile(unit, rows)) {
          ids.push(...(await (await this.#stored()).ids(storedFile(placed.file), own)));
        }
        return ids;
      },
    );
  }

  /** Where records came from, with lines as they are in the whole input. */
  async origins(positions: readonly Position[]): Promise<RecordOrigin[]> {
    return this.#inOrder(
      positions,
      (a, b) => a.number - b.number,
      async (unit, some) => {
        const origins = await this.#files.get(unit)!.origins(some.map(({ number }) => number));
        const places = this.plan.splits[unit]!.pieces.flatMap(({ input, range }) =>
          range === undefined || range[0] === 0 ? [] : [{ name: this.plan.inputs[input]!.name, input, range }],
        );
        return origins.map((origin) => {
          const place = places.find(
            ({ name, range }) =>
              name === origin.source && origin.byteOffset >= range[0] && origin.byteOffset < range[1],
          );
          if (place === undefined) return origin;
          const before = this.#lines.before(place.input, place.range[0], this.entries) ?? 0;
          return { ...origin, line: origin.line + before };
        });
      },
    );
  }

  /** Asks split by split, in the order that `compare` gives, for what was asked in any. */
  async #inOrder<R>(
    positions: readonly Position[],
    compare: (a: Position, b: Position) => number,
    ask: (unit: number, some: readonly Position[]) => Promise<readonly R[]>,
  ): Promise<R[]> {
    const order = positions.map((position, i) => ({ position, i }));
    order.sort((a, b) => a.position.unit - b.position.unit || compare(a.position, b.position));
    const answers = new Array<R>(positions.length);
    for (let from = 0; from < order.length;) {
      const { unit } = order[from]!.position;
      let to = from;
      while (to < order.length && order[to]!.position.unit === unit) to++;
      const some = order.slice(from, to);
      const found = await ask(
        unit,
        some.map(({ position }) => position),
      );
      some.forEach(({ i }, k) => (answers[i] = found[k]!));
      from = to;
    }
    return answers;
  }

  /** @param rows ascending @returns each file that has some of them, with their numbers in the file */
  async #byFile(unit: number, rows: readonly number[]): Promise<{ placed: PlacedFile; own: number[] }[]> {
    const files = await this.filesOf(unit);
    const groups: { placed: PlacedFile; own: number[] }[] = [];
    for (const row of rows) {
      let group = groups.at(-1);
      if (group === undefined || row >= group.placed.to) {
        group = { placed: files[fileAt(files, row)]!, own: [] };
        groups.push(group);
      }
      group.own.push(row - group.placed.from + group.placed.at);
    }
    return groups;
  }
}

/** Bytes of the fingerprints by their keys, in one question; nothing where there is but one of them to ask about. */
async function sizesOf(state: ObjectStore, splits: number, signal?: AbortSignal): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  if (splits < 2) return sizes;
  for await (const { key, bytes } of state.list(FINGERPRINTS_PREFIX, { signal })) sizes.set(key, bytes);
  return sizes;
}

/** Where the rows lie that splits have staged. */
class JoinedRows {
  readonly #files: ReadonlySet<ManifestFile>;
  /** By split, then by namespace. */
  readonly #rows = new Map<
    number,
    Map<string, { readonly file: ManifestFile; readonly at: number; readonly records: number }>
  >();

  constructor(compacted: readonly CompactedFile[]) {
    this.#files = new Set(compacted);
    for (const file of compacted) {
      let at = 0;
      for (const [split, records] of file.parts) {
        const own = this.#rows.get(split) ?? new Map<string, { file: ManifestFile; at: number; records: number }>();
        this.#rows.set(split, own);
        own.set(file.namespace, { file, at, records });
        at += records;
      }
    }
  }

  has(file: ManifestFile): boolean {
    return this.#files.has(file);
  }

  of(
    split: number,
    namespace: string,
  ): { readonly file: ManifestFile; readonly at: number; readonly records: number } | undefined {
    return this.#rows.get(split)?.get(namespace);
  }
}

/** The file that a row lies in. */
function fileAt(files: readonly PlacedFile[], row: number): number {
  let low = 0;
  let high = files.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (files[middle]!.to <= row) low = middle + 1;
    else high = middle;
  }
  return low;
}

const storedFile = ({ path, namespace, bytes }: ManifestFile) => ({ key: path, namespace, bytes });
