/** Names and numbers of RFC 8878 (Zstandard compression), section 3.1. */

export const ZSTD_MAGIC = 0xfd2fb528;
/** Skippable frames: sixteen magic numbers, 0x184D2A50 to 0x184D2A5F. */
export const SKIPPABLE_MAGIC = 0x184d2a50;
/** No block, compressed or not, gives out more than this. */
export const MAX_BLOCK_BYTES = 128 * 1024;
export const BLOCK_HEADER_BYTES = 3;
export const CHECKSUM_BYTES = 4;

/** What a frame says of itself. */
export interface FrameHeader {
  /** Length of the header, magic number included. */
  readonly bytes: number;
  readonly windowBytes: number;
  /** Size of the content, if it is stated. */
  readonly contentBytes: number | undefined;
  readonly hasChecksum: boolean;
  /** 0: no dictionary. */
  readonly dictionaryId: number;
}

export interface BlockHeader {
  readonly last: boolean;
  readonly type: 'raw' | 'rle' | 'compressed' | 'reserved';
  /** Bytes that follow the block header. */
  readonly storedBytes: number;
  /** Bytes given out; unknown beforehand for compressed blocks. */
  readonly contentBytes: number | undefined;
}

export function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

/** Length of the frame header that begins with these five bytes. */
export function frameHeaderBytes(descriptor: number): number {
  const single = (descriptor >> 5) & 1;
  return 5 + (1 - single) + DICTIONARY_ID_BYTES[descriptor & 3]! + contentSizeBytes(descriptor);
}

const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;

function contentSizeBytes(descriptor: number): number {
  const flag = descriptor >> 6;
  return flag === 0 ? (descriptor >> 5) & 1 : 1 << flag;
}

/** Reads a whole frame header. Undefined when a reserved bit is set. */
export function readFrameHeader(header: Uint8Array): FrameHeader | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const descriptor = view.getUint8(4);
  if ((descriptor & 0x08) !== 0) return undefined;
  let at = 5;
  let windowBytes: number | undefined;
  if ((descriptor & 0x20) === 0) {
    const window = view.getUint8(at++);
    const base = 2 ** (10 + (window >> 3));
    windowBytes = base + (base / 8) * (window & 7);
  }
  const dictionaryId = little(header, at, DICTIONARY_ID_BYTES[descriptor & 3]!);
  at += DICTIONARY_ID_BYTES[descriptor & 3]!;
  const sizeBytes = contentSizeBytes(descriptor);
  const contentBytes = sizeBytes === 0 ? undefined : little(header, at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  return {
    bytes: at + sizeBytes,
    windowBytes: windowBytes ?? contentBytes!,
    contentBytes,
    hasChecksum: (descriptor & 0x04) !== 0,
    dictionaryId,
  };
}

const BLOCK_TYPES = ['raw', 'rle', 'compressed', 'reserved'] as const;

export function readBlockHeader(bytes: Uint8Array): BlockHeader {
  const header = little(bytes, 0, BLOCK_HEADER_BYTES);
  const type = BLOCK_TYPES[(header >> 1) & 3]!;
  const size = header >> 3;
  return {
    last: (header & 1) === 1,
    type,
    storedBytes: type === 'rle' ? 1 : size,
    contentBytes: type === 'compressed' ? undefined : size,
  };
}

/** Little-endian number of up to eight bytes; exact up to 2^53. */
function little(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}
