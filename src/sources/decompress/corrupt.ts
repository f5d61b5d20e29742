import { PineloadError } from '../../base/errors.js';

/** The error for compressed input that cannot be undone; `position` counts stored bytes, as far as it is known. */
export function corrupt(source: string, what: string, position: number, cause?: unknown): PineloadError {
  return new PineloadError('INPUT_CORRUPT', {
    source,
    message: `${what}, at byte ${position} of the compressed input`,
    hint: 'Fetch or make the file again; gzip -t, zstd -t or brotli -t tell whether it is whole.',
    ...(cause === undefined ? {} : { cause }),
  });
}
