export type Compression = 'none' | 'gzip' | 'zstd' | 'brotli';
export type InputFormat = 'jsonl' | 'csv' | 'tsv' | 'parquet';

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
  /**
   * The stored bytes `[start, end)`, as they are: nothing is decompressed. Absent where an input can only be read from front to
   * back (standard input, a pipe).
   */
  readonly openRange?:
    ((start: number, end: number, options?: OpenSourceOptions) => AsyncIterable<Uint8Array>) | undefined;
  /** What the options or the name say of the compression; `auto`: only the first bytes tell. Default: `compression`. */
  readonly statedCompression?: Compression | 'auto' | undefined;
  /** For an object in a store: how many characters of `name` are its directory, the rest being its key. */
  readonly rootLength?: number | undefined;
  /** Where a file lies, for threads that open it themselves. Undefined for everything that is not a regular local file. */
  readonly localPath?: string | undefined;
}

export interface OpenSourceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onRead?: ((bytes: number) => void) | undefined;
  /** A piece of the bytes need be good only until the next one is asked for: its memory may be used again. Default false. */
  readonly transient?: boolean | undefined;
}
