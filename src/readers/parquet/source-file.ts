import { PineloadError } from '../../base/errors.js';
import type { RandomAccess } from '../../parquet/decode/index.js';
import type { OpenSourceOptions, Source } from '../../sources/source.js';

/**
 * An input as a file that can be read anywhere.
 * @throws PineloadError INPUT_UNREADABLE for what can only be read from front to back
 */
export function sourceFile(source: Source, options: OpenSourceOptions): RandomAccess {
  const { openRange, bytes, name } = source;
  if (openRange === undefined || bytes === undefined) {
    throw new PineloadError('INPUT_UNREADABLE', {
      source: name,
      message: 'Parquet has its table of contents at the end, and this input can only be read from front to back',
      hint: 'Write it to a file first.',
    });
  }
  if (source.compression !== 'none') {
    throw new PineloadError('INPUT_UNREADABLE', {
      source: name,
      message: 'Parquet is read in pieces, which a compressed file does not allow',
      expected: 'compression inside of the file, page by page',
      got: `a file in ${source.compression}`,
      hint: 'Decompress it first.',
    });
  }
  return {
    source: name,
    bytes,
    async read(start, end) {
      const parts: Uint8Array[] = [];
      for await (const part of openRange.call(source, start, end, options)) parts.push(part);
      return parts;
    },
  };
}
