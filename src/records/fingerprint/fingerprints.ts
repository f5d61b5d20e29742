import type { Fingerprints, NamespaceColumn, RecordBatch } from '../batch.js';
import { align } from './vector-memory.js';
import { instantiateFingerprints, type FingerprintExports } from './wasm.js';

/** Bytes of vectors that are looked at in one go: they stay in the processor's cache. */
const BLOCK_BYTES = 128 * 1024;
const BLOCK_ROWS = 8192;

const encoder = new TextEncoder();
let instance: Fingerprinter | undefined;

/**
 * Fingerprints of all rows of a batch. They depend on nothing but the rows: no random seed, no batch, no machine.
 * @param namespaces instead of those of the batch
 */
export function fingerprintBatch(batch: RecordBatch, namespaces: NamespaceColumn = batch.namespaces): Fingerprints {
  return (instance ??= new Fingerprinter()).batch(batch, namespaces);
}

/** The length before a text, see Utf8Column. */
const FRAME_BYTES = 4;

type Column = Uint8Array | Uint32Array | Float32Array;

class Fingerprinter {
  readonly #module: FingerprintExports = instantiateFingerprints();
  readonly #base = align(this.#module.heapBase());
  #end = this.#base;

  batch(batch: RecordBatch, namespaces: NamespaceColumn): Fingerprints {
    const { rows } = batch;
    const ids = new Uint32Array(2 * rows);
    const vectors = new Uint32Array(2 * rows);
    const seeds = this.#seeds(namespaces.dictionary);
    for (let from = 0, to; from < rows; from = to) {
      to = blockEnd(batch, from);
      this.#block(batch, namespaces.codes, seeds, from, to, ids, vectors);
    }
    return { ids, vectors };
  }

  #block(
    { ids, values, vectorHashes, sparse, dimension }: RecordBatch,
    codes: Uint32Array,
    seeds: Uint32Array,
    from: number,
    to: number,
    idsOut: Uint32Array,
    vectorsOut: Uint32Array,
  ): void {
    const module = this.#module;
    const rows = to - from;
    this.#end = this.#base;
    const out = this.#place(8 * rows);
    const seedsAt = this.#copy(seeds);
    const codesAt = this.#copy(codes.subarray(from, to));
    const idOffsets = this.#copy(ids.offsets.subarray(from, to + 1));
    const idBytes = this.#copy(ids.bytes.subarray(ids.offsets[from], ids.offsets[to]));
    module.texts(idBytes, idOffsets, ids.framed === true ? FRAME_BYTES : 0, rows, codesAt, seedsAt, out);
    idsOut.set(this.#words(out, 2 * rows), 2 * from);

    if (values === undefined) this.#words(out, 2 * rows).fill(0);
    else if (vectorHashes !== undefined) this.#words(out, 2 * rows).set(vectorHashes.subarray(2 * from, 2 * to));
    else {
      const largest = this.#place(4 * rows);
      module.dense(this.#copy(values.subarray(from * dimension, to * dimension)), dimension, rows, out, largest);
    }
    if (sparse !== undefined) {
      const { offsets, indices, validity } = sparse;
      const [first, last] = [offsets[from]!, offsets[to]!];
      const offsetsAt = this.#copy(offsets.subarray(from, to + 1));
      const indicesAt = this.#copy(indices.subarray(first, last));
      const valuesAt = this.#copy(sparse.values.subarray(first, last));
      const validityAt = validity === undefined ? 0 : this.#copy(validity.subarray(from, to));
      module.sparse(offsetsAt, indicesAt, valuesAt, validityAt, rows, out);
    }
    module.seal(rows, codesAt, seedsAt, out);
    vectorsOut.set(this.#words(out, 2 * rows), 2 * from);
  }

  /** The fingerprint of each name, low word first. */
  #seeds(names: readonly string[]): Uint32Array {
    const { bytes, offsets } = endToEnd(names);
    const count = names.length;
    this.#end = this.#base;
    const out = this.#place(8 * count);
    // Names have no seed themselves: one of zero, for all.
    const zeros = this.#copy(new Uint32Array(Math.max(2, count)));
    this.#module.texts(this.#copy(bytes), this.#copy(offsets), 0, count, zeros, zeros, out);
    return this.#words(out, 2 * count).slice();
  }

  #copy(column: Column): number {
    const at = this.#place(column.byteLength);
    const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    new Uint8Array(this.#module.memory.buffer).set(bytes, at);
    return at;
  }

  #place(bytes: number): number {
    const at = this.#end;
    this.#end = align(at + bytes);
    this.#module.reserve(this.#end);
    return at;
  }

  #words(at: number, count: number): Uint32Array {
    return new Uint32Array(this.#module.memory.buffer, at, count);
  }
}

/** Names as UTF-8, each from its offset on. */
function endToEnd(names: readonly string[]): { readonly bytes: Uint8Array; readonly offsets: Uint32Array } {
  const joined = names.join('');
  const bytes = encoder.encode(joined);
  // All ASCII, as names of good rows are. With thousands in a batch, one call for each would take longer than all their ids do.
  if (bytes.length === joined.length) return { bytes, offsets: offsetsOf(names) };
  // Joined, halves of a surrogate pair in two names would be one character.
  const each = names.map((name) => encoder.encode(name));
  return { bytes: Buffer.concat(each), offsets: offsetsOf(each) };
}

function offsetsOf(texts: readonly { readonly length: number }[]): Uint32Array {
  const offsets = new Uint32Array(texts.length + 1);
  texts.forEach(({ length }, i) => (offsets[i + 1] = offsets[i]! + length));
  return offsets;
}

/** The row after the last one of the block that begins at `from`: at least one row, whatever its size. */
function blockEnd({ rows, dimension, values, vectorHashes, sparse }: RecordBatch, from: number): number {
  const limit = Math.min(rows, from + BLOCK_ROWS);
  const rowBytes = values === undefined || vectorHashes !== undefined ? 0 : 4 * dimension;
  if (sparse === undefined) return Math.max(from + 1, Math.min(limit, from + Math.floor(BLOCK_BYTES / rowBytes)));
  const { offsets } = sparse;
  let to = from + 1;
  while (to < limit && (to + 1 - from) * rowBytes + 8 * (offsets[to + 1]! - offsets[from]!) <= BLOCK_BYTES) to++;
  return to;
}
