import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import type { Compressors } from 'hyparquet';

/**
 * Codecs beside those the reader brings (none, Snappy). Which ones the service reads is not published; Snappy and none are
 * proven. LZ4 and LZO have no reader here: files with them end in an error that names the codec.
 */
export const COMPRESSORS: Compressors = {
  GZIP: (input) => gunzipSync(input),
  BROTLI: (input) => brotliDecompressSync(input),
  ZSTD: (input, length) => unzstd(input, new Uint8Array(length)),
};
