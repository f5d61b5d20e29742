import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import { lz4Decompress, sizeDiffers, snappyDecompress } from './block-codecs.js';
import { corrupt, DecodeFault, overLimit, unsupported } from './fault.js';
import type { Codec } from './format.js';

/** Largest zstd window taken, as in the `zstd` tool without `--long=28` or more: the window is held in memory. */
export const MAX_PAGE_WINDOW_BYTES = 128 * 1024 * 1024;

/** Undoes a page's compression. The result has exactly `size` bytes, and never was there more in memory. */
export function decompressPage(codec: Codec, input: Uint8Array, size: number): Uint8Array {
  // A page without values may be stored as nothing at all.
  if (size === 0 && input.length === 0) return input;
  switch (codec) {
    case 'UNCOMPRESSED':
      if (input.length !== size) throw sizeDiffers('uncompressed', size, input.length);
      return input;
    case 'SNAPPY':
      return snappyDecompress(input, size);
    case 'GZIP':
      return bounded('gzip', size, () => gunzipSync(input, { maxOutputLength: Math.max(1, size) }));
    case 'BROTLI':
      return bounded('brotli', size, () => brotliDecompressSync(input, { maxOutputLength: Math.max(1, size) }));
    case 'ZSTD':
      return bounded('zstd', size, () => zstdDecompress(input, size));
    case 'LZ4_RAW':
      return lz4Decompress(input, size);
    case 'LZ4':
    case 'LZO':
      throw unsupported(`compression ${codec} is not read`, {
        hint: 'Write the file with Snappy, which Pinecone is known to read, or without compression.',
      });
  }
}

function bounded(codec: string, size: number, undo: () => Uint8Array): Uint8Array {
  let out: Uint8Array;
  try {
    out = undo();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw corrupt(`${codec} data is larger than its page says`, { expected: `${size} bytes` });
    }
    if (error instanceof DecodeFault || !(error instanceof Error)) throw error;
    throw corrupt(`${codec} data is damaged: ${error.message}`);
  }
  if (out.length !== size) throw sizeDiffers(codec, size, out.length);
  return out;
}

/** RFC 8878. fzstd takes a window of any size at its word, so the frame's header is looked at before. */
function zstdDecompress(input: Uint8Array, size: number): Uint8Array {
  const window = zstdWindow(input);
  if (window > MAX_PAGE_WINDOW_BYTES) throw overLimit('a zstd window', MAX_PAGE_WINDOW_BYTES, window);
  const out = new Uint8Array(size);
  let at = 0;
  const stream = new Decompress((bytes) => {
    if (bytes.length > size - at) throw sizeDiffers('zstd', size, at + bytes.length);
    out.set(bytes, at);
    at += bytes.length;
  });
  stream.push(input, true);
  return out.subarray(0, at);
}

/** Bytes that the first frame's header asks for. */
function zstdWindow(input: Uint8Array): number {
  if (input.length < 6 || input[0] !== 0x28 || input[1] !== 0xb5 || input[2] !== 0x2f || input[3] !== 0xfd) {
    throw corrupt('there is no zstd data');
  }
  const flags = input[4]!;
  const sizeFlag = flags >> 6;
  if ((flags & 0x20) === 0) {
    const base = 2 ** (10 + (input[5]! >> 3));
    return base + (base / 8) * (input[5]! & 7);
  }
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  let value = 0;
  for (let i = 0; i < 2 ** sizeFlag; i++) value += (input[5 + dictionaryBytes + i] ?? 0) * 256 ** i;
  return value + (sizeFlag === 1 ? 256 : 0);
}
