import { PineloadError, quote } from '../base/errors.js';
import type { ListOptions } from './list-sources.js';
import { factsOfName, knownExtensions } from './names.js';
import type { Compression, InputFormat } from './source.js';

/** Format and compression of one input. */
export interface InputFacts {
  readonly format: InputFormat;
  /** `auto`: neither the option nor the name tells; the first bytes will. */
  readonly compression: Compression | 'auto';
}

type Stated = Pick<ListOptions, 'format' | 'compression'>;

/** What is stated and what the name says. Throws INPUT_FORMAT_UNKNOWN. */
export function factsOf(name: string, stated: Stated): InputFacts {
  const named = factsOfName(name);
  const format = stated.format === undefined || stated.format === 'auto' ? named.format : stated.format;
  if (format === undefined) {
    throw new PineloadError('INPUT_FORMAT_UNKNOWN', {
      source: name,
      expected: `a name that ends in ${knownExtensions()}`,
      got: quote(name.slice(name.lastIndexOf('/') + 1)),
      hint: 'Say the format with --format jsonl, csv, tsv or parquet.',
    });
  }
  // Parquet compresses its own pages; a file of it that is compressed as a whole cannot be read in pieces, and says so when opened.
  const fallback = format === 'parquet' ? 'none' : 'auto';
  return { format, compression: statedCompression(stated) ?? named.compression ?? fallback };
}

/**
 * Does a directory, prefix or glob stand for this name? Its extension must be known, and of the stated format if one is
 * stated: a directory may hold other files.
 */
export function belongs(name: string, stated: Stated): boolean {
  const { format } = factsOfName(name);
  if (format === undefined) return false;
  return stated.format === undefined || stated.format === 'auto' || stated.format === format;
}

function statedCompression(stated: Stated): Compression | undefined {
  return stated.compression === 'auto' ? undefined : stated.compression;
}

/** For a directory, prefix or glob in which nothing was found. */
export function nothingFound(shown: string, what: string, stated: Stated): PineloadError {
  const format = stated.format === undefined || stated.format === 'auto' ? undefined : stated.format;
  return new PineloadError('INPUT_NOT_FOUND', {
    source: shown,
    message: `there is no input in this ${what}`,
    expected: `${format === undefined ? 'names' : `names of format ${format}`} that end in ${knownExtensions()}`,
    got: 'none',
    hint: 'Files of other names are taken when they are named, or by a glob together with --format.',
  });
}
