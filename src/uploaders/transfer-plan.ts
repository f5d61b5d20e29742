import { DEFAULT_PART_BYTES } from './object-store.js';
import { bufferBytes } from './part-buffers.js';

/** Memory of an uploading process, in bytes, unless it is told or its control group leaves less. */
export const DEFAULT_UPLOAD_MEMORY_BYTES = 300_000_000;
/** Of that, what Node, a provider's SDK and the requests themselves take; the rest holds parts. */
export const UPLOAD_RESERVED_BYTES = 170_000_000;
/** Files under way at once, where they are small. */
export const MOST_FILES_IN_FLIGHT = 32;
/** Parts of one file at once, where there are few files. */
export const MOST_PARTS_IN_FLIGHT = 8;
/** Bytes read of a file at a time: what a processor's cache holds while checksums are taken of them. */
export const READ_BYTES = 512 * 1024;

export interface Concurrency {
  /** Files under way at once. */
  readonly files: number;
  /** Parts of one file under way at once. */
  readonly parts: number;
  /** Bytes that all files under way may hold. */
  readonly bufferBytes: number;
}

export interface ConcurrencyInput {
  /** Sizes of the files to send. */
  readonly sizes: readonly number[];
  /** Default DEFAULT_PART_BYTES. */
  readonly partBytes?: number | undefined;
  /** Of the process. Default DEFAULT_UPLOAD_MEMORY_BYTES. */
  readonly memory?: number | undefined;
  /** Told instead of chosen. */
  readonly files?: number | undefined;
  readonly parts?: number | undefined;
  /** Parts of an object go one after the other (Google Cloud Storage). */
  readonly sequential?: boolean | undefined;
}

/**
 * How many files at once, and how many parts of each. The memory holds so many parts; files larger than a part share them, one
 * more for each than is on its way, for the part that is being filled. So one large file goes in many parts, many large ones go two
 * parts at a time, and small ones many at once.
 */
export function chooseConcurrency(input: ConcurrencyInput): Concurrency {
  const partBytes = input.partBytes ?? DEFAULT_PART_BYTES;
  const room = (input.memory ?? DEFAULT_UPLOAD_MEMORY_BYTES) - UPLOAD_RESERVED_BYTES;
  const held = Math.max(2, Math.floor(room / partBytes));
  const large = input.sizes.filter((bytes) => bytes > partBytes).length;
  const each = large === 0 ? 2 : Math.floor(held / large) - 1;
  const parts = input.parts ?? (input.sequential ? 1 : Math.min(MOST_PARTS_IN_FLIGHT, Math.max(2, each)));
  const files = input.files ?? Math.max(1, Math.min(MOST_FILES_IN_FLIGHT, input.sizes.length));
  return { files, parts, bufferBytes: Math.max(room, partBytes * 2) };
}

/** What a file holds while it is sent, in bytes. */
export function heldBytes(fileBytes: number, partBytes: number, parts: number): number {
  const large = fileBytes > partBytes;
  return (
    READ_BYTES +
    (large ? Math.min(wholeParts(fileBytes, partBytes), partBytes * (parts + 1)) : bufferBytes(fileBytes, partBytes))
  );
}

const wholeParts = (fileBytes: number, partBytes: number): number => Math.ceil(fileBytes / partBytes) * partBytes;
