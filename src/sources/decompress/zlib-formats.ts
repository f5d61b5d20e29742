import { constants, createBrotliDecompress, createGunzip } from 'node:zlib';
import { PineloadError } from '../../base/errors.js';
import { corrupt } from './corrupt.js';
import { throughTransform } from './through-transform.js';

/** Bytes that one step of a decompressor gives out. */
export const DECOMPRESSED_STEP_BYTES = 256 * 1024;

/** Undoes gzip, every member (RFC 1952, section 2.2: a file is a series of members). */
export function gunzip(input: AsyncIterable<Uint8Array>, source: string, stop: () => void): AsyncIterable<Uint8Array> {
  return undo(input, createGunzip({ chunkSize: DECOMPRESSED_STEP_BYTES }), 'gzip', source, stop);
}

/** Undoes brotli (RFC 7932), which has one stream a file and no checksum. */
export function unbrotli(
  input: AsyncIterable<Uint8Array>,
  source: string,
  stop: () => void,
): AsyncIterable<Uint8Array> {
  const options = {
    chunkSize: DECOMPRESSED_STEP_BYTES,
    params: { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: true },
  };
  return undo(input, createBrotliDecompress(options), 'brotli', source, stop);
}

async function* undo(
  input: AsyncIterable<Uint8Array>,
  transform: ReturnType<typeof createGunzip> | ReturnType<typeof createBrotliDecompress>,
  format: string,
  source: string,
  stop: () => void,
): AsyncGenerator<Uint8Array> {
  let fed: number;
  try {
    ({ fed } = yield* throughTransform(input, transform, stop));
  } catch (error) {
    if (error instanceof PineloadError || !isZlibError(error)) throw error;
    const what = /unexpected end/.test(error.message)
      ? `the ${format} data is cut off`
      : `the ${format} data is damaged`;
    throw corrupt(source, what, transform.bytesWritten, error);
  }
  // zlib stops without a word where a zero byte follows a gzip member, and at anything that follows a brotli stream; a
  // second member behind the zero would be lost.
  if (fed > transform.bytesWritten) {
    throw corrupt(source, `other bytes follow the end of the ${format} data`, transform.bytesWritten);
  }
}

function isZlibError(error: unknown): error is NodeJS.ErrnoException {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return error instanceof Error && code !== undefined && /^(Z_|ERR__ERROR|ERR_BROTLI)/.test(code);
}
