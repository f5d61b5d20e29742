import { isUtf8 } from 'node:buffer';
import {
  CappedListSink,
  ColumnPages,
  corrupt,
  DecodeBudget,
  FixedListSink,
  inFile,
  ListColumn,
  ROW,
  TextColumn,
  type PageFacts,
  type ParquetFile,
  type SchemaNode,
  type TextRows,
} from '../parquet/decode/index.js';
import { VectorMemory } from '../records/fingerprint/vector-memory.js';
import { markKnownTexts } from '../records/plain/known-texts.js';
import type { NamespaceColumn, RecordBatch, SparseColumn } from '../records/batch.js';
import { MAX_ID_LENGTH, MAX_METADATA_BYTES, MAX_SPARSE_ENTRIES, type RecordLimits } from '../records/limits.js';
import { checkIds, expectedId } from '../records/rules/id.js';
import { Marker } from '../records/rules/marker.js';
import type { ImportColumns, ListBinding } from './columns.js';

/** Bytes of dense vectors in a batch: few enough for a processor's caches, enough rows that what a batch costs by itself is little. */
export const BATCH_BYTES = 1024 * 1024;
export const MAX_BATCH_ROWS = 4096;
/** Bytes of metadata after which a batch ends. */
const BATCH_TEXT_BYTES = 16 * 1024 * 1024;
/** Texts longer than any rule allows are not kept in full. UTF-8 takes up to four bytes a character. */
const idCap = (limits?: RecordLimits): number => 4 * (limits?.idLength ?? MAX_ID_LENGTH) + 4;

export interface ReadOptions {
  /** Numbers of a dense vector. */
  readonly dimension: number;
  readonly namespace: string;
  /** Name of the file in findings. */
  readonly source: string;
  /** Rows of the file to read; default all. */
  readonly maxRows?: number | undefined;
  readonly limits?: RecordLimits | undefined;
  /** Told of each row group's columns once it is read. */
  readonly onPages?: ((column: string, facts: PageFacts) => void) | undefined;
}

/**
 * The rows of a file as batches, in order. What a column of a batch cannot hold (a null or a wrong length where a vector
 * should be) is marked as rejected; the rules come after, except that a row with a faulty id is rejected for that. A batch
 * is good until the next one is asked for: its vectors lie in the same memory. What lies in a rejected row means nothing.
 *
 * @throws PARQUET_CORRUPT, PARQUET_UNSUPPORTED, PARQUET_LIMIT
 */
export async function* readBatches(
  file: ParquetFile,
  columns: ImportColumns,
  options: ReadOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const memory = columns.values && VectorMemory.take();
  try {
    yield* readGroups(file, columns, memory, options);
  } finally {
    memory?.release();
  }
}

async function* readGroups(
  file: ParquetFile,
  columns: ImportColumns,
  memory: VectorMemory | undefined,
  options: ReadOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const budget = new DecodeBudget(file.input.bytes, file.limits);
  const pageBytes = new Map<SchemaNode, number>();
  let left = options.maxRows ?? Infinity;
  let first = 0;
  for (let g = 0; g < file.metadata.rowGroups.length && left > 0; g++) {
    const group = new GroupReader(file, columns, g, { memory, pageBytes, budget }, options);
    const rows = Math.min(left, file.metadata.rowGroups[g]!.rows);
    for (let done = 0; done < rows;) {
      const batch = await group.read(Math.min(rows - done, MAX_BATCH_ROWS), first + done);
      done += batch.rows;
      yield batch;
    }
    if (rows === file.metadata.rowGroups[g]!.rows) await group.finish();
    first += rows;
    left -= rows;
  }
}

/** Lengths of the dense vectors in the first rows, nulls left out: what tells the dimension of a file. */
export async function firstLengths(file: ParquetFile, binding: ListBinding, rows = 256): Promise<number[]> {
  const group = file.metadata.rowGroups.findIndex((g) => g.rows > 0);
  if (group < 0) return [];
  const count = Math.min(rows, file.metadata.rowGroups[group]!.rows);
  const sink = new CappedListSink(count, 0, (length) => new Float32Array(length));
  const budget = new DecodeBudget(file.input.bytes, file.limits);
  try {
    const pages = new ColumnPages(file, binding.node, chunkOf(file, binding.node, group), budget, FIRST_WINDOW_BYTES);
    await new ListColumn(pages, binding.type, binding.levels).read(count, sink);
  } catch (error) {
    throw inFile(error, file.input.source, binding.node.path.join('.'));
  }
  return [...sink.lengths].filter((_, row) => sink.states[row] === ROW.PRESENT);
}

const FIRST_WINDOW_BYTES = 1024 * 1024;

function chunkOf(file: ParquetFile, node: SchemaNode, group: number) {
  return file.metadata.rowGroups[group]!.columns[node.leaf]!;
}

/** What the row groups of a file have in common. */
interface SharedByGroups {
  readonly memory: VectorMemory | undefined;
  /** Of the pages of each column, as they were in the row group before. */
  readonly pageBytes: Map<SchemaNode, number>;
  readonly budget: DecodeBudget;
}

class GroupReader {
  readonly #id: TextColumn;
  readonly #metadata: TextColumn | undefined;
  readonly #values: ListColumn | undefined;
  readonly #indices: ListColumn | undefined;
  readonly #weights: ListColumn | undefined;
  readonly #pages: {
    readonly node: SchemaNode;
    readonly pages: ColumnPages;
    readonly column: TextColumn | ListColumn;
  }[] = [];

  constructor(
    private readonly file: ParquetFile,
    private readonly columns: ImportColumns,
    private readonly group: number,
    private readonly shared: SharedByGroups,
    private readonly options: ReadOptions,
  ) {
    const { values, sparse, metadata, id } = columns;
    this.#id = this.#text(id);
    this.#values = values && this.#list(values);
    this.#indices = sparse && this.#list(sparse.indices);
    this.#weights = sparse && this.#list(sparse.values);
    this.#metadata = metadata && this.#text(metadata);
  }

  /** Up to `most` rows. @param firstRow number of the first one in the file, 0-based */
  async read(most: number, firstRow: number): Promise<RecordBatch> {
    const { dimension, namespace, source } = this.options;
    const cap = (this.options.limits?.metadataBytes ?? MAX_METADATA_BYTES) + 1;
    let wanted = most;
    if (this.#values !== undefined && dimension > 0) {
      wanted = Math.min(wanted, Math.max(1, Math.floor(BATCH_BYTES / (4 * dimension))));
    }
    const metadata = await this.#in(this.columns.metadata, () => this.#metadata?.read(wanted, cap, BATCH_TEXT_BYTES));
    const rows = metadata?.rows ?? wanted;
    const ids = (await this.#in(this.columns.id, () => this.#id.read(rows, idCap(this.options.limits))))!;
    const dense = await this.#dense(rows);
    const sparse = await this.#sparse(rows);
    const known = dense && this.shared.memory!.look();
    const good = known?.good ?? new Uint8Array(rows);
    markKnownTexts(good, ids, metadata);

    const batch: RecordBatch = {
      rows,
      dimension: dense === undefined ? 0 : dimension,
      ids,
      values: dense?.values,
      knownGood: good,
      vectorHashes: known?.hashes,
      sparse: sparse?.column,
      metadata: metadata ?? noTexts(rows),
      namespaces: constantNamespace(namespace, rows),
      origin: {
        source,
        lines: countFrom(firstRow + 1, rows),
        byteOffsets: new Float64Array(rows),
      },
      rejected: new Uint8Array(rows),
      rejects: [],
    };
    this.#mark(batch, ids, metadata, dense, sparse);
    return batch;
  }

  /** To be called after the last row: no column may have more. */
  async finish(): Promise<void> {
    for (const { node, pages, column } of this.#pages) {
      const name = node.path.join('.');
      await this.#named(name, async () => {
        if (!(await column.atEnd())) throw corrupt('the column has more rows than its row group');
      });
      this.options.onPages?.(name, pages.facts);
      this.shared.pageBytes.set(node, pages.pageBytes);
      pages.release();
    }
  }

  async #dense(rows: number): Promise<FixedListSink | undefined> {
    if (this.#values === undefined) return undefined;
    const { dimension } = this.options;
    const sink = new FixedListSink(rows, dimension, this.shared.memory!.values(rows, dimension));
    await this.#in(this.columns.values!.node, () => this.#values!.read(rows, sink));
    return sink;
  }

  async #sparse(rows: number): Promise<SparseRows | undefined> {
    const { sparse } = this.columns;
    if (sparse === undefined) return undefined;
    const most = this.options.limits?.sparseEntries ?? MAX_SPARSE_ENTRIES;
    const indices = new CappedListSink(rows, most, (length) => new Float64Array(length));
    const weights = new CappedListSink(rows, most, (length) => new Float32Array(length));
    await this.#in(sparse.indices.node, () => this.#indices!.read(rows, indices));
    await this.#in(sparse.values.node, () => this.#weights!.read(rows, weights));
    return joinSparse(rows, indices, weights, most);
  }

  /** Rejects what the columns could not take. Nothing is done for a batch without faults. */
  #mark(
    batch: RecordBatch,
    ids: TextRows,
    metadata: TextRows | undefined,
    dense: FixedListSink | undefined,
    sparse: SparseRows | undefined,
  ): void {
    const { rows } = batch;
    const { dimension } = this.options;
    const marks: Mark[] = [];
    // Where no vector could be measured there is no length to name.
    const vector = dimension > 0 ? `${dimension} numbers` : 'numbers';
    if (dense !== undefined) {
      for (let row = 0; row < rows; row++) {
        const state = dense.states[row];
        const length = dense.lengths[row]!;
        if (state === ROW.PRESENT && length === dimension) continue;
        if (state === ROW.ELEMENT_NULL) marks.push([row, 'VALUES_TYPE', 'values', 'numbers', 'a null among them']);
        else if (state !== ROW.PRESENT) marks.push([row, 'VALUES_MISSING', 'values', vector, 'null']);
        else marks.push([row, 'VALUES_DIMENSION', 'values', `${dimension} numbers`, `${length} numbers`]);
      }
    }
    for (const fault of sparse?.faults ?? []) marks.push(fault);
    const limit = this.options.limits?.metadataBytes ?? MAX_METADATA_BYTES;
    for (const [row, length] of metadata?.cut ?? []) {
      marks.push([row, 'METADATA_TOO_LARGE', 'metadata', `at most ${limit} bytes of JSON text`, `${length} bytes`]);
    }
    for (const row of brokenUtf8(ids)) marks.push([row, 'UTF8_INVALID', 'id', 'UTF-8', 'other bytes']);
    if (metadata !== undefined) {
      for (const row of brokenUtf8(metadata)) marks.push([row, 'UTF8_INVALID', 'metadata', 'UTF-8', 'other bytes']);
    }
    if (marks.length === 0 && ids.cut.size === 0) return;
    const marker = new Marker(batch);
    for (const [row, length] of ids.cut) {
      marker.reject(row, 'ID_TOO_LONG', 'id', expectedId(this.options.limits?.idLength), `${length} bytes`);
    }
    checkIds(marker, { limits: this.options.limits });
    for (const mark of marks) marker.reject(...mark);
  }

  #columnPages(node: SchemaNode): ColumnPages {
    const { budget, pageBytes } = this.shared;
    const chunk = chunkOf(this.file, node, this.group);
    return new ColumnPages(this.file, node, chunk, budget, undefined, pageBytes.get(node));
  }

  #text(node: SchemaNode): TextColumn {
    const pages = this.#columnPages(node);
    const column = new TextColumn(pages, node.definition, this.file.limits.pageBytes, this.shared.budget);
    this.#pages.push({ node, pages, column });
    return column;
  }

  #list({ node, type, levels }: ListBinding): ListColumn {
    const pages = this.#columnPages(node);
    const column = new ListColumn(pages, type, levels);
    this.#pages.push({ node, pages, column });
    return column;
  }

  async #in<R>(node: SchemaNode | undefined, work: () => Promise<R> | undefined): Promise<R | undefined> {
    return node === undefined ? undefined : this.#named(node.path.join('.'), work);
  }

  async #named<R>(name: string, work: () => Promise<R> | undefined): Promise<R | undefined> {
    try {
      return await work();
    } catch (error) {
      throw inFile(error, this.file.input.source, name);
    }
  }
}

/** What `Marker.reject` is told of a row. */
type Mark = Parameters<Marker['reject']>;

interface SparseRows {
  readonly column: SparseColumn;
  readonly faults: readonly Mark[];
}

const FIELD = 'sparse_values';

/** Puts the two lists of the struct together; what does not fit is left out of the column and told. */
function joinSparse(
  rows: number,
  indexSink: CappedListSink<Float64Array>,
  weightSink: CappedListSink<Float32Array>,
  most: number,
): SparseRows {
  const indices = indexSink.finish();
  const weights = weightSink.finish();
  const offsets = new Uint32Array(rows + 1);
  const outIndices = new Uint32Array(indices.length);
  const outValues = new Float32Array(indices.length);
  const validity = new Uint8Array(rows).fill(1);
  const faults: Mark[] = [];
  let used = 0;
  for (let row = 0; row < rows; row++) {
    const state = Math.max(indexSink.states[row]!, weightSink.states[row]!);
    const count = indexSink.lengths[row]!;
    const others = weightSink.lengths[row]!;
    if (state === ROW.PARENT_NULL) validity[row] = 0;
    else if (state !== ROW.PRESENT) {
      const got = state === ROW.LIST_NULL ? 'null for a list' : 'a null in a list';
      faults.push([row, 'SPARSE_TYPE', FIELD, 'two lists of numbers', got]);
    } else if (count !== others) {
      faults.push([row, 'SPARSE_LENGTHS', FIELD, 'as many values as indices', `${count} indices, ${others} values`]);
    } else if (count > most) {
      faults.push([row, 'SPARSE_TOO_MANY', FIELD, `at most ${most} entries`, `${count} entries`]);
    } else {
      const from = indexSink.offsets[row]!;
      const weightsFrom = weightSink.offsets[row]!;
      for (let i = 0; i < count; i++) {
        const index = indices[from + i]!;
        if (!(index >= 0 && index <= 0xffffffff)) {
          faults.push([row, 'SPARSE_INDEX', FIELD, 'whole numbers from 0 to 4294967295', String(index)]);
          break;
        }
        outIndices[used] = index;
        outValues[used++] = weights[weightsFrom + i]!;
      }
    }
    offsets[row + 1] = used;
  }
  return {
    column: { offsets, indices: outIndices.subarray(0, used), values: outValues.subarray(0, used), validity },
    faults,
  };
}

/** Rows whose bytes are no UTF-8. One native call tells that none is, which is the usual case. */
function brokenUtf8({ rows, bytes, offsets, cut }: TextRows): number[] {
  let startsWell = cut.size === 0;
  for (let row = 0; row < rows && startsWell; row++) {
    // Whole characters end to end are only then whole row by row if no row begins inside one.
    const start = offsets[row]!;
    if (start < offsets[row + 1]! && (bytes[start]! & 0xc0) === 0x80) startsWell = false;
  }
  if (startsWell && isUtf8(bytes)) return [];
  const broken: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (!cut.has(row) && !isUtf8(bytes.subarray(offsets[row], offsets[row + 1]))) broken.push(row);
  }
  return broken;
}

function countFrom(first: number, count: number): Float64Array {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) numbers[i] = first + i;
  return numbers;
}

function constantNamespace(namespace: string, rows: number): NamespaceColumn {
  return { dictionary: [namespace], codes: new Uint32Array(rows) };
}

function noTexts(rows: number) {
  return { bytes: new Uint8Array(0), offsets: new Uint32Array(rows + 1), validity: new Uint8Array(rows) };
}
