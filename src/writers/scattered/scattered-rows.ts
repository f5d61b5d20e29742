import type { RecordBatch, VectorKind } from '../../records/batch.js';
import { copyTexts, plainBytes } from '../append-texts.js';
import { BLOCK, BLOCK_NUMBERS, MAX_BLOCKS, MAX_BLOCK_ROWS, NO_NAMESPACE, placeOf } from './row-blocks.js';
import { placeLike, type RowMemory, type RowPiece } from './row-memory.js';
import { SortedRows } from './sorted-rows.js';

/** Rows sorted by namespace: those of namespace `n` are `ends[n - 1] … ends[n]` of them, from 0 on for the first. */
export interface ByNamespace {
  readonly sorted: SortedRows;
  readonly ends: Uint32Array;
}

/** Addresses have 32 bits, and the split before may still have as much. */
const MOST_BYTES = 2 ** 30;
/** For a row's place in the order. */
const PLACE_BYTES = 4;
/** Columns of a block begin where they are copied fastest. */
const SLACK_BYTES = 64;

/**
 * Rows of very many namespaces, as they came: a batch has a row or two of each of them, and to go to each for these would take longer than
 * reading them did. They are gathered as blocks of rows until the memory is full, and only then sorted by namespace: by their places, and none
 * of them is touched before it is copied to where it is written from.
 */
export class ScatteredRows {
  /** With rejected ones among them. */
  rows = 0;
  /** Memory that they take. */
  bytes = 0;
  /** The last of them takes the next block. */
  readonly #segments: RowPiece[] = [];
  /** How far the last one is filled. */
  #used = 0;
  /** BLOCK_NUMBERS for each. */
  #blocks: number[] = [];
  /** Tables of the rows that are sorted. */
  #tables: RowPiece[] = [];
  readonly #mostBytes: number;

  /** @param mostBytes memory that rows may take before they are to be sorted; some of it may stay empty */
  constructor(
    private readonly kind: VectorKind,
    private readonly dimension: number,
    mostBytes: number,
    private readonly memory: RowMemory,
  ) {
    this.#mostBytes = Math.min(mostBytes, MOST_BYTES);
  }

  /** Is there too little room for a batch? */
  isFullFor(batch: RecordBatch): boolean {
    if (this.rows === 0) return false;
    if (this.#blocks.length > (MAX_BLOCKS / 2) * BLOCK_NUMBERS) return true;
    const wanted = this.#bytesOf(batch, 0, batch.rows) + (this.rows + batch.rows) * PLACE_BYTES;
    // What the last segment has room for is for the rests of others, which are too small for a row now and then.
    return this.bytes + wanted > this.#mostBytes;
  }

  /**
   * Copies the rows of a batch.
   *
   * @param namespaceOf for each code of the batch a number, the same for a namespace in all batches
   */
  add(batch: RecordBatch, namespaceOf: (code: number) => number): void {
    for (let from = 0; from < batch.rows;) {
      const open = this.#segments.at(-1);
      const to = open === undefined ? from : this.#fitting(batch, from, open.bytes - this.#used);
      if (to > from) {
        this.#addBlock(open!.at + this.#used, batch, from, to, namespaceOf);
        from = to;
      } else {
        this.#segments.push(this.#take(Math.max(this.memory.segmentBytes, this.#bytesOf(batch, from, from + 1))));
        this.#used = 0;
      }
    }
    this.rows += batch.rows;
  }

  /** @param namespaces how many there are */
  sort(namespaces: number): ByNamespace {
    const table = this.#blocks;
    const ends = new Uint32Array(namespaces);
    const { integers: numbers } = this.memory;
    for (let block = 0; block < table.length; block += BLOCK_NUMBERS) {
      const from = table[block + BLOCK.namespaces]! / 4;
      const to = from + table[block + BLOCK.rows]!;
      for (let at = from; at < to; at++) if (numbers[at] !== NO_NAMESPACE) ends[numbers[at]!]!++;
    }
    let sum = 0;
    for (let n = 0; n < namespaces; n++) {
      sum += ends[n]!;
      ends[n] = sum - ends[n]!;
    }
    const blocks = this.#take(table.length * 4);
    const order = this.#take(sum * PLACE_BYTES);
    this.#tables.push(blocks, order);
    const { integers } = this.memory;
    integers.set(table, blocks.at / 4);
    const first = order.at / 4;
    for (let block = 0, number = 0; block < table.length; block += BLOCK_NUMBERS, number++) {
      const from = table[block + BLOCK.namespaces]! / 4;
      const rows = table[block + BLOCK.rows]!;
      for (let row = 0; row < rows; row++) {
        const namespace = integers[from + row]!;
        if (namespace !== NO_NAMESPACE) integers[first + ends[namespace]!++] = placeOf(number, row);
      }
    }
    const { kind, dimension } = this;
    const data = { kind, dimension, memory: this.memory.memory, blocks: blocks.at, order: order.at };
    return { sorted: new SortedRows(data), ends };
  }

  /** Drops the rows. */
  clear(): void {
    for (const piece of [...this.#segments.splice(0), ...this.#tables.splice(0)]) this.memory.giveBack(piece);
    this.bytes = 0;
    this.rows = 0;
    this.#used = 0;
    this.#blocks = [];
  }

  #take(wanted: number): RowPiece {
    const piece = this.memory.take(wanted);
    this.bytes += piece.bytes;
    return piece;
  }

  /** Rows of a batch, from `from` on, that one block in so much room can hold: the first one that it cannot. */
  #fitting(batch: RecordBatch, from: number, room: number): number {
    let fits = from;
    let tooMany = Math.min(batch.rows, from + MAX_BLOCK_ROWS) + 1;
    if (this.#bytesOf(batch, from, tooMany - 1) <= room) return tooMany - 1;
    while (tooMany - fits > 1) {
      const middle = (fits + tooMany) >> 1;
      if (this.#bytesOf(batch, from, middle) <= room) fits = middle;
      else tooMany = middle;
    }
    return fits;
  }

  /** The most that rows `from … to` take as a block. */
  #bytesOf({ ids, metadata, sparse }: RecordBatch, from: number, to: number): number {
    const rows = to - from;
    let numbers = rows + 2 * (rows + 1);
    if (this.kind !== 'sparse') numbers += rows * this.dimension;
    if (this.kind !== 'dense') numbers += rows + 1 + 2 * (sparse!.offsets[to]! - sparse!.offsets[from]!);
    let bytes = plainBytes(ids, from, to) + plainBytes(metadata, from, to);
    if (metadata.validity !== undefined) bytes += rows;
    if (sparse?.validity !== undefined) bytes += rows;
    return 4 * numbers + bytes + SLACK_BYTES;
  }

  /** @param place where it begins, a multiple of eight */
  #addBlock(place: number, batch: RecordBatch, from: number, to: number, namespaceOf: (code: number) => number): void {
    const { bytes, integers, floats } = this.memory;
    const rows = to - from;
    const block = new Array<number>(BLOCK_NUMBERS).fill(0);
    block[BLOCK.rows] = rows;
    block[BLOCK.namespaces] = place;
    writeNamespaces(integers, place / 4, batch, from, to, namespaceOf);
    let at = place + 4 * rows;
    if (this.kind !== 'sparse') {
      const values = batch.values!.subarray(from * this.dimension, to * this.dimension);
      at = placeLike(at, values.byteOffset);
      block[BLOCK.values] = at;
      floats.set(values, at / 4);
      at += values.byteLength;
    }
    const { sparse, ids, metadata } = batch;
    if (this.kind !== 'dense') {
      const start = sparse!.offsets[from]!;
      const end = sparse!.offsets[to]!;
      block[BLOCK.sparse] = at;
      block[BLOCK.sparseEntries] = end - start;
      const first = at + 4 * (rows + 1);
      for (let r = from; r <= to; r++, at += 4) integers[at / 4] = first + 4 * (sparse!.offsets[r]! - start);
      integers.set(sparse!.indices.subarray(start, end), first / 4);
      floats.set(sparse!.values.subarray(start, end), first / 4 + end - start);
      at = first + 8 * (end - start);
    }
    block[BLOCK.ids] = at;
    block[BLOCK.metadata] = at + 4 * (rows + 1);
    let end = placeLike(at + 8 * (rows + 1), ids.bytes.byteOffset + ids.offsets[from]!);
    end = copyTexts(bytes, end, ids, from, to, integers, block[BLOCK.ids]! / 4);
    end = placeLike(end, metadata.bytes.byteOffset + metadata.offsets[from]!);
    end = copyTexts(bytes, end, metadata, from, to, integers, block[BLOCK.metadata]! / 4);
    for (const [name, column] of [
      ['metadataValidity', metadata],
      ['sparseValidity', sparse],
    ] as const) {
      if (column?.validity === undefined) continue;
      block[BLOCK[name]] = end;
      bytes.set(column.validity.subarray(from, to), end);
      end += rows;
    }
    this.#used += placeLike(end, 0) - place;
    for (const number of block) this.#blocks.push(number);
  }
}

function writeNamespaces(
  target: Uint32Array,
  place: number,
  { namespaces: { codes }, rejected }: RecordBatch,
  from: number,
  to: number,
  namespaceOf: (code: number) => number,
): void {
  let at = place;
  let last = -1;
  let namespace = 0;
  for (let r = from; r < to; r++) {
    if (rejected[r] !== 0) {
      target[at++] = NO_NAMESPACE;
      continue;
    }
    const code = codes[r]!;
    if (code !== last) namespace = namespaceOf((last = code));
    target[at++] = namespace;
  }
}
