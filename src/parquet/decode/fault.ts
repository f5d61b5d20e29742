import { PineloadError, type ErrorDetails } from '../../base/errors.js';

/**
 * A fault found while decoding, where the name of the file is not known. `inFile` makes the error of it.
 * Kinds: `corrupt` (the bytes are not what the format says), `unsupported` (right, but not read here), `limit` (larger than
 * the decoder takes).
 */
export class DecodeFault extends Error {
  constructor(
    readonly kind: 'corrupt' | 'unsupported' | 'limit',
    message: string,
    readonly facts: Pick<ErrorDetails, 'expected' | 'got' | 'hint'> = {},
  ) {
    super(message);
  }
}

export function corrupt(message: string, facts?: Pick<ErrorDetails, 'expected' | 'got'>): DecodeFault {
  return new DecodeFault('corrupt', message, facts);
}

export function unsupported(message: string, facts?: Pick<ErrorDetails, 'expected' | 'got' | 'hint'>): DecodeFault {
  return new DecodeFault('unsupported', message, facts);
}

export function overLimit(what: string, limit: number, got: number): DecodeFault {
  return new DecodeFault('limit', `${what} beyond what is read`, { expected: `at most ${limit}`, got: String(got) });
}

const CODES = { corrupt: 'PARQUET_CORRUPT', unsupported: 'PARQUET_UNSUPPORTED', limit: 'PARQUET_LIMIT' } as const;

/**
 * Turns whatever came out of a decoder into a PineloadError of the file. A RangeError or TypeError there means that bytes
 * led where none should: the file is corrupt, not the program.
 */
export function inFile(thrown: unknown, source: string, column?: string): PineloadError {
  if (thrown instanceof PineloadError) return thrown;
  const place: ErrorDetails = { source, ...(column === undefined ? {} : { field: column }) };
  if (thrown instanceof DecodeFault) {
    return new PineloadError(CODES[thrown.kind], { ...place, message: thrown.message, ...thrown.facts });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new PineloadError('PARQUET_CORRUPT', {
    ...place,
    message: `the data cannot be read: ${message}`,
    cause: thrown,
  });
}
