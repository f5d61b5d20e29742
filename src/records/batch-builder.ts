import type { RecordBatch, SparseColumn, Utf8Column, VectorKind } from './batch.js';
import { DEFAULT_NAMESPACE } from './limits.js';
import type { Reject } from './reject.js';

/** First capacity of the row columns, in rows; they double from there and keep their size between batches. */
export const INITIAL_ROW_CAPACITY = 256;

const encoder = new TextEncoder();

/**
 * Grows the columns of one batch row by row, and starts over after `finish`. The memory is kept from batch to batch; what
 * `finish` returns are copies of exact size, so a batch may be transferred to another thread.
 *
 *     builder.begin('words.jsonl');
 *     builder.beginRow(line, byteOffset);
 *     builder.setIdText('w1');
 *     builder.setDense(vector);
 *     builder.setNamespace('words');
 *     builder.commitRow();            // or rollbackRow() and reject({...})
 *     const batch = builder.finish();
 *
 * What a row does not set is null (metadata, sparse vector), the empty id, or the default namespace; the dense vector must be set.
 */
export class BatchBuilder {
  readonly kind: VectorKind;
  readonly dimension: number;

  private source = '';
  private rawBytes: Uint8Array | undefined;
  private rows = 0;
  private capacity = INITIAL_ROW_CAPACITY;
  private rejects: Reject[] = [];

  private lines = new Float64Array(INITIAL_ROW_CAPACITY);
  private byteOffsets = new Float64Array(INITIAL_ROW_CAPACITY);
  private rawRanges = new Uint32Array(2 * INITIAL_ROW_CAPACITY);

  private idBytes = new Uint8Array(16 * INITIAL_ROW_CAPACITY);
  private idOffsets = new Uint32Array(INITIAL_ROW_CAPACITY + 1);
  private idEnd = 0;

  private dense: Float32Array<ArrayBuffer>;

  private sparseOffsets = new Uint32Array(INITIAL_ROW_CAPACITY + 1);
  private sparseValidity = new Uint8Array(INITIAL_ROW_CAPACITY);
  private sparseIndices = new Uint32Array(0);
  private sparseValues = new Float32Array(0);
  private sparseEnd = 0;

  private metadataBytes = new Uint8Array(64 * INITIAL_ROW_CAPACITY);
  private metadataOffsets = new Uint32Array(INITIAL_ROW_CAPACITY + 1);
  private metadataValidity = new Uint8Array(INITIAL_ROW_CAPACITY);
  private metadataEnd = 0;

  private namespaceCodes = new Uint32Array(INITIAL_ROW_CAPACITY);
  private namespaceCode = new Map<string, number>();
  private namespaceNames: string[] = [];

  /** @param dimension numbers per dense vector; pass 0 for kind `sparse`. */
  constructor(kind: VectorKind, dimension: number) {
    this.kind = kind;
    this.dimension = kind === 'sparse' ? 0 : dimension;
    this.dense = new Float32Array(0);
  }

  /** Rows committed so far. */
  get rowCount(): number {
    return this.rows;
  }

  /** Rejects noted so far. */
  get rejectCount(): number {
    return this.rejects.length;
  }

  /**
   * Starts a batch; drops what an unfinished one held.
   * @param rawBytes the bytes that the rows are read from; then `setRaw` must be called for every row.
   */
  begin(source: string, rawBytes?: Uint8Array): void {
    this.source = source;
    this.rawBytes = rawBytes;
    this.rows = 0;
    this.idEnd = 0;
    this.sparseEnd = 0;
    this.metadataEnd = 0;
    this.rejects = [];
    this.namespaceCode.clear();
    this.namespaceNames = [];
  }

  /** @param line 1-based @param byteOffset of the row's first byte in the source */
  beginRow(line: number, byteOffset: number): void {
    if (this.rows === this.capacity) this.growRows();
    const row = this.rows;
    this.lines[row] = line;
    this.byteOffsets[row] = byteOffset;
    this.rawRanges[2 * row] = 0;
    this.rawRanges[2 * row + 1] = 0;
    this.rollbackRow();
  }

  /** Forgets what the row under way has set; the next `beginRow` takes its place. */
  rollbackRow(): void {
    const row = this.rows;
    this.idEnd = this.idOffsets[row]!;
    this.sparseEnd = this.sparseOffsets[row]!;
    this.metadataEnd = this.metadataOffsets[row]!;
    this.sparseValidity[row] = 0;
    this.metadataValidity[row] = 0;
    this.namespaceCodes[row] = NO_NAMESPACE;
  }

  /** The row's place in `rawBytes`. */
  setRaw(start: number, end: number): void {
    this.rawRanges[2 * this.rows] = start;
    this.rawRanges[2 * this.rows + 1] = end;
  }

  /** The id is `bytes[start … end)`, UTF-8. */
  setId(bytes: Uint8Array, start: number, end: number): void {
    const at = this.idOffsets[this.rows]!;
    this.idBytes = withRoom(this.idBytes, at, end - start);
    this.idEnd = copyBytes(bytes, start, end, this.idBytes, at);
  }

  setIdText(id: string): void {
    const at = this.idOffsets[this.rows]!;
    this.idBytes = withRoom(this.idBytes, at, 3 * id.length);
    this.idEnd = at + encoder.encodeInto(id, this.idBytes.subarray(at)).written;
  }

  /**
   * Makes room for the row's dense vector and returns the column: write `dimension` numbers from `denseStart()` on.
   * The array is good until the next row.
   */
  denseColumn(): Float32Array<ArrayBuffer> {
    const needed = (this.rows + 1) * this.dimension;
    if (this.dense.length < needed) {
      const grown = new Float32Array(Math.max(needed, 2 * this.dense.length, 16 * this.dimension));
      grown.set(this.dense.subarray(0, this.rows * this.dimension));
      this.dense = grown;
    }
    return this.dense;
  }

  /** Where the row's dense vector begins in `denseColumn()`. */
  denseStart(): number {
    return this.rows * this.dimension;
  }

  /** @param values `dimension` numbers; each is rounded to float32. */
  setDense(values: ArrayLike<number>): void {
    this.denseColumn().set(values, this.denseStart());
  }

  /** Marks the row's sparse vector as present; entries follow with `appendSparse`. */
  beginSparse(): void {
    this.sparseValidity[this.rows] = 1;
    this.sparseEnd = this.sparseOffsets[this.rows]!;
  }

  appendSparse(index: number, value: number): void {
    if (this.sparseEnd === this.sparseIndices.length) this.growSparse(this.sparseEnd + 1);
    this.sparseIndices[this.sparseEnd] = index;
    this.sparseValues[this.sparseEnd] = value;
    this.sparseEnd++;
  }

  /** @param indices whole numbers from 0 to 4294967295 @param values as many */
  setSparse(indices: ArrayLike<number>, values: ArrayLike<number>): void {
    this.beginSparse();
    const end = this.sparseEnd + indices.length;
    if (end > this.sparseIndices.length) this.growSparse(end);
    this.sparseIndices.set(indices, this.sparseEnd);
    this.sparseValues.set(values, this.sparseEnd);
    this.sparseEnd = end;
  }

  /** The metadata is `bytes[start … end)`, the UTF-8 text of a JSON object. */
  setMetadata(bytes: Uint8Array, start: number, end: number): void {
    const at = this.metadataOffsets[this.rows]!;
    this.metadataBytes = withRoom(this.metadataBytes, at, end - start);
    this.metadataEnd = copyBytes(bytes, start, end, this.metadataBytes, at);
    this.metadataValidity[this.rows] = 1;
  }

  /** @param json text of a JSON object, or null for none */
  setMetadataText(json: string | null): void {
    const at = this.metadataOffsets[this.rows]!;
    if (json === null) {
      this.metadataEnd = at;
      this.metadataValidity[this.rows] = 0;
      return;
    }
    this.metadataBytes = withRoom(this.metadataBytes, at, 3 * json.length);
    this.metadataEnd = at + encoder.encodeInto(json, this.metadataBytes.subarray(at)).written;
    this.metadataValidity[this.rows] = 1;
  }

  /** The empty name stands for the default namespace. */
  setNamespace(name: string): void {
    const known = name === '' ? DEFAULT_NAMESPACE : name;
    let code = this.namespaceCode.get(known);
    if (code === undefined) {
      code = this.namespaceNames.length;
      this.namespaceNames.push(known);
      this.namespaceCode.set(known, code);
    }
    this.namespaceCodes[this.rows] = code;
  }

  commitRow(): void {
    const row = this.rows;
    // A row that never named one: a rejected row must not bring a name into the dictionary, so it is done only now.
    if (this.namespaceCodes[row] === NO_NAMESPACE) this.setNamespace(DEFAULT_NAMESPACE);
    if (this.dimension > 0) this.denseColumn();
    this.idOffsets[row + 1] = this.idEnd;
    this.sparseOffsets[row + 1] = this.sparseEnd;
    this.metadataOffsets[row + 1] = this.metadataEnd;
    this.rows = row + 1;
  }

  /** Notes a record that is not in the columns. */
  reject(reject: Reject): void {
    this.rejects.push(reject);
  }

  /** Hands over the batch as arrays of exact size and starts an empty one of the same source. */
  finish(): RecordBatch {
    const rows = this.rows;
    const hasSparse = this.kind !== 'dense';
    const batch: RecordBatch = {
      rows,
      dimension: this.dimension,
      ids: utf8Column(this.idBytes, this.idOffsets, rows, undefined),
      values: this.kind === 'sparse' ? undefined : this.dense.slice(0, rows * this.dimension),
      sparse: hasSparse ? this.sparseColumn(rows) : undefined,
      metadata: utf8Column(this.metadataBytes, this.metadataOffsets, rows, this.metadataValidity),
      namespaces: { dictionary: this.namespaceNames, codes: this.namespaceCodes.slice(0, rows) },
      origin: {
        source: this.source,
        lines: this.lines.slice(0, rows),
        byteOffsets: this.byteOffsets.slice(0, rows),
        raw:
          this.rawBytes === undefined ? undefined : { bytes: this.rawBytes, ranges: this.rawRanges.slice(0, 2 * rows) },
      },
      rejected: new Uint8Array(rows),
      rejects: this.rejects,
    };
    this.begin(this.source);
    return batch;
  }

  private sparseColumn(rows: number): SparseColumn {
    const entries = this.sparseOffsets[rows]!;
    return {
      offsets: this.sparseOffsets.slice(0, rows + 1),
      indices: this.sparseIndices.slice(0, entries),
      values: this.sparseValues.slice(0, entries),
      validity: presence(this.sparseValidity, rows),
    };
  }

  private growRows(): void {
    const capacity = 2 * this.capacity;
    this.lines = resized(this.lines, capacity);
    this.byteOffsets = resized(this.byteOffsets, capacity);
    this.rawRanges = resized(this.rawRanges, 2 * capacity);
    this.idOffsets = resized(this.idOffsets, capacity + 1);
    this.sparseOffsets = resized(this.sparseOffsets, capacity + 1);
    this.sparseValidity = resized(this.sparseValidity, capacity);
    this.metadataOffsets = resized(this.metadataOffsets, capacity + 1);
    this.metadataValidity = resized(this.metadataValidity, capacity);
    this.namespaceCodes = resized(this.namespaceCodes, capacity);
    this.capacity = capacity;
  }

  private growSparse(needed: number): void {
    const capacity = Math.max(needed, 2 * this.sparseIndices.length, 1024);
    this.sparseIndices = resized(this.sparseIndices, capacity);
    this.sparseValues = resized(this.sparseValues, capacity);
  }
}

/** Mark of a row whose namespace is not set yet; a chunk never holds 4294967295 names. */
const NO_NAMESPACE = 0xffffffff;

/** Below this many bytes a plain loop beats the call of `set`. */
const SHORT_COPY = 32;

function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  const length = end - start;
  if (length <= SHORT_COPY) for (let i = 0; i < length; i++) to[at + i] = from[start + i]!;
  else to.set(from.subarray(start, end), at);
  return at + length;
}

function withRoom(bytes: Uint8Array<ArrayBuffer>, used: number, more: number): Uint8Array<ArrayBuffer> {
  if (used + more <= bytes.length) return bytes;
  return resized(bytes, Math.max(used + more, 2 * bytes.length));
}

type Growable =
  Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

function resized<T extends Growable>(array: T, length: number): T {
  const grown = new (array.constructor as new (length: number) => T)(length);
  grown.set(array);
  return grown;
}

function utf8Column(
  bytes: Uint8Array,
  offsets: Uint32Array,
  rows: number,
  validity: Uint8Array | undefined,
): Utf8Column {
  return {
    bytes: bytes.slice(0, offsets[rows]),
    offsets: offsets.slice(0, rows + 1),
    validity: validity === undefined ? undefined : presence(validity, rows),
  };
}

/** Undefined when every row is present, as the columns' contract has it. */
function presence(validity: Uint8Array, rows: number): Uint8Array | undefined {
  for (let row = 0; row < rows; row++) if (validity[row] === 0) return validity.slice(0, rows);
  return undefined;
}
