import type { RecordBatch, VectorKind } from '../records/batch.js';
import type { RecordLimits } from '../records/limits.js';
import type { Reject } from '../records/reject.js';

/** Whole records of one source: the unit that a reader takes. */
export interface Chunk {
  /** Name of the source, as shown to people. */
  readonly source: string;
  /** Whole records, decompressed; without a byte order mark and without a CSV header. */
  readonly bytes: Uint8Array;
  /** 1-based line of the first byte. */
  readonly firstLine: number;
  /** Offset of the first byte in the decompressed source. */
  readonly byteOffset: number;
  /** Records that the chunker did not let through because they are larger than the maximum. */
  readonly rejects: readonly Reject[];
  /** The ArrayBuffer of `bytes` holds nothing else, so that it can be moved to another thread, and used again. Default false. */
  readonly ownsMemory?: boolean | undefined;
}

/** A stretch of a local file, neither compressed nor encoded, that a reader reads by itself: its bytes pass through no other memory. */
export interface FileBlock {
  /** Name of the source, as shown to people. */
  readonly source: string;
  /** The file, open for reading. File descriptors belong to the process: every thread may use one. */
  readonly fd: number;
  /**
   * `lines`: the lines whose first byte lies in `[start, end)`. `rows`: exactly these bytes, which are whole records. `rows-from`: the CSV rows
   * whose first byte lies there, of which one is known to begin at `start`; `rows-near`: those from the first place on where one seems to
   * begin. What was read of the last two is in ReadColumns.place.
   */
  readonly cut: 'lines' | 'rows' | 'rows-from' | 'rows-near';
  readonly start: number;
  readonly end: number;
  /** Size of the file. */
  readonly fileBytes: number;
  /** 1-based line of the first record; 1 where that is not known, see ReadColumns.lines. */
  readonly firstLine: number;
  /** `lines`: a longer one is rejected. `rows-from`, `rows-near`: no further than to a longer one. No fewer than the block has. */
  readonly maxRecordBytes: number;
  /** Records that were not let through. */
  readonly rejects: readonly Reject[];
}

/** What became of a chunk or block. */
export interface ReadColumns {
  readonly batch: RecordBatch;
  /** Lines that it holds. */
  readonly lines: number;
  /**
   * For `rows-from` and `rows-near`: offsets in the file of the first row and behind the last one. It ends before the block does when
   * the next row is too large or has an open quote. Undefined when no row was found.
   */
  readonly place?: readonly [start: number, end: number] | undefined;
}

/** Turns chunks into columns. Holds no state between chunks but reusable memory: any chunk may go to any reader. */
export interface ChunkReader {
  /** The chunk as columns with memory of their own. */
  read(chunk: Chunk): RecordBatch;
  /** The same without copies: the columns, and the rows' own text, are good until the next call of any method but `pack`. */
  view(chunk: Chunk | FileBlock): ReadColumns;
  /**
   * Copies the rows that are not rejected out of the columns viewed last, the rows of each namespace together and in their order.
   *
   * @returns columns that all lie in one memory but `rejected`; without the rows' own text
   */
  pack(batch: RecordBatch, options?: PackOptions): RecordBatch;
}

/** Where packed columns go. */
export interface PackMemory {
  /** Used if it is large enough. */
  readonly memory?: ArrayBufferLike | undefined;
  /** Memory that is made is shared by all threads, so that nothing has to be moved. Default false. */
  readonly shared?: boolean | undefined;
}

export interface PackOptions extends PackMemory {
  /** Take the hashes of dense vectors too: see RecordBatch.vectorHashes. Default false. */
  readonly hashes?: boolean | undefined;
}

/** Path of a field in a record: `['response', 'body', 'data', '0', 'embedding']`; array indices are decimal digits. */
export type FieldPath = readonly string[];

/** A namespace template, parsed: texts and field paths in turn. `{run}` is already filled in. */
export type NamespaceTemplate = readonly (string | FieldPath)[];

/** Type of a metadata field. `auto`: JSONL keeps the value as it is; for CSV the mapping settles a type from the first records. */
export type MetadataColumnType = 'string' | 'number' | 'boolean' | 'json' | 'string-list' | 'auto';

/** Where metadata comes from. */
export type MetadataMapping =
  | { readonly from: 'none' }
  /** One field holding a JSON object (or a string that holds one). */
  | { readonly from: 'object'; readonly field: FieldPath }
  /** Named fields, assembled to an object under their last path part. Null and absent fields are left out. */
  | {
      readonly from: 'fields';
      readonly fields: readonly {
        readonly path: FieldPath;
        readonly name: string;
        readonly type: MetadataColumnType;
      }[];
    }
  /** All top-level fields that nothing else uses. Null fields are left out. */
  | { readonly from: 'rest'; readonly types: Readonly<Record<string, MetadataColumnType>> };

/** How a dense vector is written in its field. */
export type VectorEncoding =
  /** Told apart value by value: an array, a string holding one, delimited numbers, base64. */
  | 'auto'
  | 'json'
  /** base64 of little-endian float32, as embedding APIs send it. */
  | 'base64'
  /** Numbers separated by `vectorDelimiter` or white space, brackets allowed. */
  | 'delimited';

/** The mapping in force: every choice made, nothing left to guess. Plain data, so that it can be sent to a worker. */
export interface ReaderConfig {
  readonly format: 'jsonl' | 'csv' | 'parquet';
  readonly kind: VectorKind;
  /** 0 for kind `sparse`. */
  readonly dimension: number;
  readonly id: FieldPath;
  /** Undefined for kind `sparse`. CSV with one column per dimension: `columns` in order. */
  readonly values: { readonly field: FieldPath } | { readonly columns: readonly string[] } | undefined;
  readonly vectorEncoding: VectorEncoding;
  readonly vectorDelimiter: string;
  /** Undefined for kind `dense`. */
  readonly sparse: FieldPath | undefined;
  /**
   * Field of the kind of vector that this run does not take; a record that has one is rejected rather than stripped of it. Absent when
   * the user has stated the kind: then it is left behind like any field that nothing uses.
   */
  readonly unexpectedVector?: FieldPath | undefined;
  readonly metadata: MetadataMapping;
  readonly namespace: NamespaceTemplate;
  /** CSV only: the header's names, and the one-byte delimiter. */
  readonly csv?: { readonly header: readonly string[]; readonly delimiter: string } | undefined;
  /** Keep each row's own text for the rejects file. */
  readonly keepRaw: boolean;
}

/** The mapping as the user states it; all of it optional. The names are the library's, `--id-field` the CLI's. */
export interface MappingOptions {
  /** Limits of a record that are not the published ones; here the dimension counts. */
  readonly limits?: RecordLimits | undefined;
  /** Field of the id: a name or a dotted path. Default: `id`, else `_id`. */
  readonly idField?: string | undefined;
  /** Field of the dense vector. Default: `values`, else `vector`, else `embedding`. */
  readonly valuesField?: string | undefined;
  /** CSV with one column per dimension: the columns' common prefix (`dim_`), or `first..last` names. */
  readonly valuesColumns?: string | undefined;
  /** Field of the sparse vector. Default: `sparse_values`, else `sparseValues`. */
  readonly sparseValuesField?: string | undefined;
  /** Field of the metadata object. Default: `metadata`. */
  readonly metadataField?: string | undefined;
  /** Fields to make metadata of: `name`, `dotted.path`, `name:type`. */
  readonly metadataFields?: readonly string[] | undefined;
  /** Make metadata of all fields that nothing else uses. CSV: the default when there is no `metadata` column. */
  readonly metadataRest?: boolean | undefined;
  /** Namespace of every record: a text, or a template such as `{tenant}-{run}`. */
  readonly namespace?: string | undefined;
  /** Field of the namespace. Default: `namespace`, else the default namespace. */
  readonly namespaceField?: string | undefined;
  /** Stands for `{run}` in `namespace` (and, in the pipeline, in the destination). */
  readonly runId?: string | undefined;
  readonly vectorEncoding?: VectorEncoding | undefined;
  readonly vectorDelimiter?: string | undefined;
  /** Default: found in the first records. */
  readonly vectorType?: 'auto' | VectorKind | undefined;
  /** Default: the length of the first dense vector. */
  readonly dimension?: number | undefined;
  /** CSV: default `,`, for `.tsv` a tab. */
  readonly delimiter?: string | undefined;
}

/** What `resolveMapping` found in the first records. */
export interface ResolvedMapping {
  readonly config: ReaderConfig;
  /** Field in force by role (`id`, `values`, `sparse_values`, `metadata`, `namespace`), for people. */
  readonly chosen: Readonly<Record<string, string>>;
  /** Top-level fields of the first records that nothing uses: said aloud, since they are left behind. */
  readonly unused: readonly string[];
}
