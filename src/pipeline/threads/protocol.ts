import type { PineloadError } from '../../base/errors.js';
import type { ParquetFileOptions, ParquetFileSummary } from '../../parquet/parquet-file.js';
import type { RowGroupColumns } from '../../parquet/row-group.js';
import type { Chunk, FileBlock, ReadColumns, ReaderConfig } from '../../readers/reader.js';
import type { RuleOptions } from '../../records/rules/options.js';
import type { CrcName } from '../../uploaders/checksum/crc.js';
import type { ManifestFile } from '../../writers/manifest.js';
import type { FileTerms, NamespaceRest } from '../../writers/namespace-files.js';
import type { RowStores } from '../../writers/stored-rows.js';

/** What a thread is started with. */
export interface ThreadData {
  /** The reading kernel's code, compiled. */
  readonly kernel: object;
}

/** To a thread. All but `prepare` are answered with a ThreadResponse of the same job. */
export type ThreadRequest = PrepareRequest | ({ readonly job: number } & JobRequest);

export type JobRequest = ReadRequest | WriteRequest | RestsRequest;

/** Files will be encoded: what that takes can be loaded before there is anything else to do. */
export interface PrepareRequest {
  readonly type: 'prepare';
}

/** From a thread: what came of a job, or what was thrown. */
export type ThreadResponse = { readonly job: number } & (
  | { readonly read: ReadAnswer }
  | { readonly written: WriteAnswer }
  | { readonly files: readonly ManifestFile[] }
  | { readonly error: ThrownError }
);

/** A chunk to be read, and once per mapping the mapping itself with the rules. */
export interface ReadRequest {
  readonly type: 'read';
  /** Number of the mapping in force. */
  readonly mapping: number;
  /** With the first chunk of that mapping that this thread gets. */
  readonly config?: { readonly mapping: ReaderConfig; readonly rules: RuleOptions } | undefined;
  readonly chunk: Chunk | FileBlock;
  /** Take the fingerprints of the good rows. */
  readonly fingerprints: boolean;
  /** For the columns: memory that is not needed any more since an earlier job. */
  readonly memory?: ArrayBufferLike | undefined;
}

export interface ReadAnswer {
  readonly columns: ReadColumns;
  /** The chunk's memory, if it was moved. */
  readonly input?: ArrayBuffer | undefined;
}

/** A step in the life of a file that this thread encodes. */
export type WriteRequest = { readonly file: number } & (
  | { readonly type: 'open'; readonly options: ParquetFileOptions; readonly checksums: readonly CrcName[] }
  | { readonly type: 'row-group'; readonly group: RowGroupColumns }
  | { readonly type: 'close' }
  | { readonly type: 'drop' }
);

export interface WriteAnswer {
  /** The file's next bytes, as far as there are any. */
  readonly pieces: readonly Uint8Array[];
  /** Bytes of the file so far, without the footer. */
  readonly bytes: number;
  /** Of a file that is closed. */
  readonly summary?: ParquetFileSummary | undefined;
}

/** Small files that this thread writes to a local directory, all that it takes. Several of these may be under way, and other jobs meanwhile. */
export interface RestsRequest {
  readonly type: 'rests';
  /** Of the store. */
  readonly root: string;
  readonly terms: FileTerms;
  readonly rests: readonly NamespaceRest[];
  /** Where rows lie that are not there yet. */
  readonly stores: RowStores | undefined;
}

export interface ThrownError {
  readonly message: string;
  readonly fields?: PineloadErrorFields;
}

/** What of a PineloadError crosses a thread. */
export type PineloadErrorFields = Pick<
  PineloadError,
  'code' | 'source' | 'line' | 'id' | 'field' | 'expected' | 'got' | 'hint'
>;

/** The memory of a row group's columns, each once. */
export function memoriesOf({ ids, values, sparse, metadata }: RowGroupColumns): Set<ArrayBufferLike> {
  const arrays: (ArrayBufferView | readonly ArrayBufferView[] | undefined)[] = [
    ...[ids.plain, ids.validity, values, metadata.plain, metadata.validity],
    ...[sparse?.lengths, sparse?.indices, sparse?.values, sparse?.validity],
  ];
  const views = arrays.flat().filter((array): array is ArrayBufferView => array !== undefined);
  return new Set(views.map(({ buffer }) => buffer));
}

/** Which of these a message moves to another thread: shared memory is in both, and what is empty may be anyone's. */
export function moved(memories: Iterable<ArrayBufferLike>): ArrayBuffer[] {
  return [...memories].filter(
    (memory): memory is ArrayBuffer => memory instanceof ArrayBuffer && memory.byteLength > 0,
  );
}
