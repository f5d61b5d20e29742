import { characterStart } from '../../records/raw-text.js';
import type { FileBlock } from '../reader.js';
import { read, TAIL_BYTES } from './block-input.js';
import type { KernelExports } from './wasm.js';

/** Rows of a block in the kernel's memory, to be read up to `stop`. */
export interface PlacedRows {
  /** Address of the first byte. */
  readonly at: number;
  readonly length: number;
  /** Offset of the first byte in the file. */
  readonly byteOffset: number;
  /** Address of the first byte that is not the block's any more. */
  readonly stop: number;
  /** The file ends with them. */
  readonly atEnd: boolean;
}

/**
 * The bytes of a block of CSV in the kernel's memory, and as many behind it as its last row may take: that row is the block's, whose
 * first byte lies in it.
 */
export class RowBlock {
  /** Address of the byte at `#from`. */
  readonly at: number;
  readonly #from: number;
  /** Bytes in place. */
  #filled = 0;
  /** Address of the first row. */
  #begin: number;

  constructor(
    private readonly kernel: KernelExports,
    private readonly block: FileBlock,
    /** Bytes behind the block. */
    public tail: number,
  ) {
    // A row begins behind a line feed.
    this.#from = block.cut === 'rows-near' ? Math.max(0, block.start - 1) : block.start;
    this.at = kernel.place(0);
    this.#begin = this.at;
  }

  /** Undefined when no row seems to begin in the block. */
  place(): PlacedRows | undefined {
    this.#fill();
    if (this.block.cut === 'rows-near') {
      const begin = this.kernel.findRow(this.at, this.#stop, this.at + this.#filled);
      if (begin === 0) return undefined;
      this.#begin = begin;
    }
    return this.#placed();
  }

  /** The same with twice as many bytes behind the block; undefined when even the longest row that is allowed must have ended. */
  placeMore(): PlacedRows | undefined {
    const { tail, block } = this;
    if (this.#from + this.#filled >= block.fileBytes || tail > block.maxRecordBytes) return undefined;
    this.tail = Math.min(2 * tail, block.maxRecordBytes + TAIL_BYTES);
    this.#fill();
    return this.#placed();
  }

  #fill(): void {
    const { kernel, block } = this;
    const length = Math.min(block.end + this.tail, block.fileBytes) - this.#from;
    kernel.place(length);
    this.#filled += read(kernel, block, this.at + this.#filled, length - this.#filled, this.#from + this.#filled);
  }

  #placed(): PlacedRows {
    const { block } = this;
    const atEnd = this.#from + this.#filled >= block.fileBytes;
    // The last character may go on behind the bytes, and would pass for a broken one.
    if (!atEnd) this.#filled = this.#lastCharacter();
    const end = this.at + this.#filled;
    this.kernel.takeInput(this.#begin, end);
    const byteOffset = this.#from + (this.#begin - this.at);
    return { at: this.#begin, length: end - this.#begin, byteOffset, stop: this.#stop, atEnd };
  }

  #lastCharacter(): number {
    const bytes = new Uint8Array(this.kernel.memory.buffer, this.at, this.#filled);
    return characterStart(bytes, Math.max(0, bytes.length - 1));
  }

  get #stop(): number {
    return this.at + Math.min(this.block.end - this.#from, this.#filled);
  }
}
