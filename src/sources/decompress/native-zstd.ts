import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { DECOMPRESSED_STEP_BYTES } from './zlib-formats.js';

type NativeZstd = Transform & { readonly bytesWritten: number };

/** Node's own decoder, of which the type definitions for Node 20 know nothing. */
const { createZstdDecompress } = zlib as unknown as {
  readonly createZstdDecompress?: (options: { readonly chunkSize: number }) => NativeZstd;
};

/** A decoder for one frame, with a window of 128 MiB at most, which is libzstd's default; undefined where Node has none. */
export function createNativeZstd(): NativeZstd | undefined {
  return createZstdDecompress?.({ chunkSize: DECOMPRESSED_STEP_BYTES });
}
