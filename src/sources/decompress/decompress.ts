import type { Compression } from '../source.js';
import { gunzip, unbrotli } from './zlib-formats.js';
import type * as Zstd from './zstd.js';

/** Bytes that tell gzip (RFC 1952, section 2.3.1) and zstd (RFC 8878, section 3.1.1) apart from text. */
export const MAGIC_BYTES = 4;

/**
 * Compression by the first bytes. No text is taken for compressed: 0x8B and 0xB5 cannot follow 0x1F and 0x28 in UTF-8, and
 * a skippable frame's mark holds the control character 0x18. Brotli has no mark; only its name tells.
 */
export function compressionOfBytes(first: Uint8Array): Compression {
  if (first.length >= 2 && first[0] === 0x1f && first[1] === 0x8b) return 'gzip';
  const [a, b, c, d] = first;
  if (b === 0xb5 && c === 0x2f && d === 0xfd && a === 0x28) return 'zstd';
  // Skippable frames, which some tools (pzstd among them) put first.
  if (b === 0x2a && c === 0x4d && d === 0x18 && a !== undefined && a >= 0x50 && a <= 0x5f) return 'zstd';
  return 'none';
}

/**
 * Undoes a compression. `stop` is called when the caller leaves early, to end a read that is under way. Damage, a cut-off
 * tail and bytes that follow the end are INPUT_CORRUPT with the source and, as far as it is known, the byte.
 */
export function decompress(
  input: AsyncIterable<Uint8Array>,
  compression: Compression,
  source: string,
  stop: () => void,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return input;
    case 'gzip':
      return gunzip(input, source, stop);
    case 'zstd':
      return zstd(input, source, stop);
    case 'brotli':
      return unbrotli(input, source, stop);
  }
}

/** Its code, and that of the package it takes where Node has none of its own, is loaded where there is zstd. */
async function* zstd(...input: Parameters<typeof Zstd.unzstd>): AsyncGenerator<Uint8Array> {
  const { unzstd } = await import('./zstd.js');
  yield* unzstd(...input);
}

/** As `decompress`, with the compression found in the first bytes; `found` is told of it. */
export async function* decompressByMagic(
  input: AsyncIterable<Uint8Array>,
  source: string,
  stop: () => void,
  found: (compression: Compression) => void,
): AsyncGenerator<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let headBytes = 0;
  let complete = false;
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    yield* head;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    complete = true;
  };
  try {
    while (headBytes < MAGIC_BYTES) {
      const next = await iterator.next();
      if (next.done === true) break;
      head.push(next.value);
      headBytes += next.value.length;
    }
    const compression = compressionOfBytes(Buffer.concat(head).subarray(0, MAGIC_BYTES));
    found(compression);
    yield* decompress(whole(), compression, source, stop);
  } finally {
    if (!complete) stop();
    await iterator.return?.();
  }
}
