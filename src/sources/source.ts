export type Compression = 'none' | 'gzip' | 'zstd' | 'brotli';
export type InputFormat = 'jsonl' | 'csv' | 'tsv';

/** One input: a local file, standard input, or an object in a store. */
export interface Source {
  /** Path or URI as shown to people: no credentials; `<stdin>` for standard input. */
  readonly name: string;
  readonly format: InputFormat;
  readonly compression: Compression;
  /** Stored (compressed) size; undefined for standard input. */
  readonly bytes: number | undefined;
  /** Changes when the input changes: ETag, generation, or mtime. Undefined for standard input. */
  readonly version: string | undefined;
  /** The decompressed bytes. `onRead` is told of stored bytes as they are read. May be called again unless it is standard input. */
  open(options?: OpenSourceOptions): AsyncIterable<Uint8Array>;
}

export interface OpenSourceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onRead?: ((bytes: number) => void) | undefined;
}
