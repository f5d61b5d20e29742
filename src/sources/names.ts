import type { Compression, InputFormat } from './source.js';

/** Formats by file name extension. */
export const FORMAT_EXTENSIONS: Readonly<Record<string, InputFormat>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.parquet': 'parquet',
};

/** Compressions by file name extension. */
export const COMPRESSION_EXTENSIONS: Readonly<Record<string, Exclude<Compression, 'none'>>> = {
  '.gz': 'gzip',
  '.zst': 'zstd',
  '.zstd': 'zstd',
  '.br': 'brotli',
};

/** What the extensions of a name say; undefined where they say nothing. Case does not matter. */
export interface NameFacts {
  readonly format: InputFormat | undefined;
  readonly compression: Exclude<Compression, 'none'> | undefined;
}

/** Reads `words.jsonl.gz` as `{ format: 'jsonl', compression: 'gzip' }`. Takes a path, a key or a bare name. */
export function factsOfName(path: string): NameFacts {
  let name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).toLowerCase();
  const last = (): string => (name.lastIndexOf('.') > 0 ? name.slice(name.lastIndexOf('.')) : '');
  const compression = COMPRESSION_EXTENSIONS[last()];
  if (compression !== undefined) name = name.slice(0, name.lastIndexOf('.'));
  return { format: FORMAT_EXTENSIONS[last()], compression };
}

/** Says which names are taken, for messages. */
export function knownExtensions(): string {
  return `${Object.keys(FORMAT_EXTENSIONS).join(', ')}, also with ${Object.keys(COMPRESSION_EXTENSIONS).join(', ')}`;
}

/** Does this text hold a glob? Braces and brackets count, since shells and `tinyglobby` read them so. */
export function looksLikeGlob(text: string): boolean {
  return /[*?[\]{}]/.test(text);
}

/** Orders names by UTF-16 code units: the same on every machine, whatever its locale. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Is this path (relative to a directory that was named as input) one that a directory stands for? Hidden files and
 * directories are not, and neither is the state that pineload keeps beside an import (`<dir>.pineload/`, rejects among it).
 */
export function isVisible(relativePath: string): boolean {
  return relativePath.split(/[/\\]/).every((part) => !part.startsWith('.') && !part.endsWith('.pineload'));
}
