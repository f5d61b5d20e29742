import { SpillFile } from '../base/spill-file.js';
import type { RowLogData } from './row-log-reader.js';

/** Where a block lies in the log. */
export interface Place {
  readonly segment: number;
  /** In the segment, a multiple of four. */
  readonly offset: number;
  readonly bytes: number;
}

/** Where blocks are read from. */
export interface BlockSource {
  /** The bytes of a block, to be looked at before anything else is awaited. At once where they are in memory. */
  read(place: Place): Uint8Array | Promise<Uint8Array>;
  /** The block is not needed any more. */
  release(place: Place, block: Uint8Array): void;
}

/** Room for a block that is about to be filled. */
export interface Room extends Place {
  /** The memory of the segment, all of it: as bytes, and as whole numbers and floats of four bytes. */
  readonly memory: SegmentMemory;
}

export interface SegmentMemory {
  readonly bytes: Uint8Array;
  readonly integers: Uint32Array;
  readonly floats: Float32Array;
}

interface Segment {
  readonly number: number;
  /** As long as it is in memory. */
  memory: SegmentMemory | undefined;
  used: number;
  /** Bytes of blocks that were not released. */
  live: number;
  /** Where it begins in the file, once it is there. */
  offset: number;
  /** What was read of it last, the newest first. */
  windows: readonly Window[];
}

interface Window {
  readonly from: number;
  readonly to: number;
  readonly bytes: Promise<Uint8Array>;
}

/** Memory of segments that waits to be used again, at most. */
const MAX_FREE_SEGMENTS = 8;
/** Blocks from this size on are read by themselves. */
const LARGE_BLOCK_BYTES = 64 * 1024;

/**
 * Rows that wait for their file, block after block: the newest in memory, older ones in a temporary file when the memory is needed. Memory
 * comes in segments, which go to the file whole, so that ten thousand blocks make a few writes.
 */
export class RowLog implements BlockSource {
  /** Bytes read of a segment at a time, when its blocks are asked for in the order in which they lie there. */
  readAhead = 0;
  readonly #file: SpillFile;
  readonly #segments = new Map<number, Segment>();
  /** Numbers of the segments in memory, the oldest first. */
  readonly #inMemory: number[] = [];
  readonly #free: SegmentMemory[] = [];
  #open: Segment | undefined;
  #count = 0;
  #memoryBytes = 0;

  /** @param segmentBytes a multiple of four; larger blocks get a segment of their own */
  constructor(
    directory: string,
    private readonly segmentBytes: number,
  ) {
    this.#file = new SpillFile(directory);
  }

  /** Memory that segments take. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Room for a block of so many bytes, a multiple of four. It must be filled before anything is awaited. */
  reserve(bytes: number): Room {
    let segment = this.#open;
    if (segment?.memory === undefined || segment.used + bytes > segment.memory.bytes.length) {
      segment = this.#begin(Math.max(bytes, this.segmentBytes));
    }
    const offset = segment.used;
    segment.used += bytes;
    segment.live += bytes;
    return { segment: segment.number, offset, bytes, memory: segment.memory! };
  }

  /** Writes the oldest segments to the file until so many bytes of memory are free. Returns how many bytes were written. */
  async spill(bytes: number): Promise<number> {
    let written = 0;
    for (let freed = 0; freed < bytes && this.#inMemory.length > 0;) {
      const segment = this.#segments.get(this.#inMemory[0]!)!;
      const { memory, used } = segment;
      if (segment === this.#open) this.#open = undefined;
      if (segment.live > 0) {
        segment.offset = await this.#file.append([memory!.bytes.subarray(0, used)]);
        await this.#file.flush();
        written += used;
      } else {
        this.#segments.delete(segment.number);
      }
      this.#inMemory.shift();
      segment.memory = undefined;
      freed += memory!.bytes.length;
      this.#giveBack(memory!);
    }
    return written;
  }

  /** The bytes of a block, to be looked at before anything else is awaited. At once where they are in memory. */
  read(place: Place): Uint8Array | Promise<Uint8Array> {
    const segment = this.#segments.get(place.segment)!;
    const { offset, bytes } = place;
    if (segment.memory !== undefined) return segment.memory.bytes.subarray(offset, offset + bytes);
    if (bytes >= Math.max(LARGE_BLOCK_BYTES, this.readAhead)) return this.#file.peek(segment.offset + offset, bytes);
    let window = segment.windows.find(({ from, to }) => offset >= from && offset + bytes <= to);
    if (window === undefined) {
      // Several namespaces are read at once, and none waits for the one before: what one asks for may lie a little before what another had.
      const from = this.readAhead === 0 ? offset : offset - (offset % this.readAhead);
      // With what begins in it and ends a little behind.
      const to = Math.min(segment.used, Math.max(from + Math.ceil(1.125 * this.readAhead), offset + bytes));
      window = { from, to, bytes: this.#file.peek(segment.offset + from, to - from) };
      segment.windows = [window, ...segment.windows.slice(0, 1)];
    }
    const { from } = window;
    return window.bytes.then((read) => read.subarray(offset - from, offset - from + bytes));
  }

  /** Puts all of it into the file, for other threads to read. Undefined where there is none of it. */
  async settle(): Promise<RowLogData | undefined> {
    await this.spill(Infinity);
    if (this.#segments.size === 0) return undefined;
    const segments = new Map([...this.#segments.values()].map(({ number, offset }) => [number, offset]));
    return { file: await this.#file.descriptor(), directory: this.#file.directory, segments };
  }

  release({ segment: number, bytes }: Place): void {
    const segment = this.#segments.get(number)!;
    segment.live -= bytes;
    if (segment.live > 0 || segment === this.#open) return;
    this.#segments.delete(number);
    if (segment.memory === undefined) {
      this.#file.release(segment.used);
      return;
    }
    this.#inMemory.splice(this.#inMemory.indexOf(number), 1);
    this.#giveBack(segment.memory);
  }

  /** Removes the file. Never throws. */
  async close(): Promise<void> {
    this.#segments.clear();
    this.#inMemory.length = 0;
    this.#free.length = 0;
    this.#open = undefined;
    this.#memoryBytes = 0;
    await this.#file.close();
  }

  #begin(bytes: number): Segment {
    const free = bytes === this.segmentBytes ? this.#free.pop() : undefined;
    const memory = free ?? memoryOf(new ArrayBuffer(bytes));
    const segment = { number: this.#count++, memory, used: 0, live: 0, offset: 0, windows: [] };
    const before = this.#open;
    this.#segments.set(segment.number, segment);
    this.#inMemory.push(segment.number);
    this.#memoryBytes += bytes;
    this.#open = segment;
    // All its blocks were released while it could still have taken more.
    if (before?.live === 0) this.release({ segment: before.number, offset: 0, bytes: 0 });
    return segment;
  }

  #giveBack(memory: SegmentMemory): void {
    this.#memoryBytes -= memory.bytes.length;
    if (memory.bytes.length === this.segmentBytes && this.#free.length < MAX_FREE_SEGMENTS) this.#free.push(memory);
  }
}

function memoryOf(buffer: ArrayBuffer): SegmentMemory {
  return { bytes: new Uint8Array(buffer), integers: new Uint32Array(buffer), floats: new Float32Array(buffer) };
}
