import { openParquet, typeName, type RandomAccess } from '../parquet/decode/index.js';
import { FindingLog } from './findings.js';
import { bindColumns } from './columns.js';
import { readBatches } from './read-batches.js';
import { findDimension } from './validate-file.js';
import type { RecordBatch } from '../records/batch.js';

/** Rows that value ranges and norms are taken from, unless told otherwise. */
export const DEFAULT_INSPECT_ROWS = 10_000;
/** First records that are shown. */
export const DEFAULT_INSPECT_RECORDS = 3;
/** Characters of a text, and numbers of a vector, that are shown. */
const SHOWN_TEXT = 200;
const SHOWN_NUMBERS = 8;
/** Row groups that are listed. */
const LISTED_GROUPS = 1000;

export interface InspectSettings {
  /** Rows that value ranges and norms are taken from. Default DEFAULT_INSPECT_ROWS. */
  readonly sample?: number | undefined;
  /** First records to show. Default DEFAULT_INSPECT_RECORDS. */
  readonly records?: number | undefined;
}

/** A column of the schema that holds data, over all row groups. */
export interface InspectedColumn {
  /** Dotted. */
  readonly path: string;
  readonly type: string;
  readonly repetition: string;
  readonly codecs: readonly string[];
  readonly encodings: readonly string[];
  /** Values and nulls. */
  readonly values: number;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
}

export interface InspectedRecord {
  readonly row: number;
  readonly id: string | null;
  /** The first numbers and how many there are. */
  readonly values?: { readonly length: number; readonly first: readonly (number | string)[] } | undefined;
  readonly sparse?:
    | { readonly length: number; readonly indices: readonly number[]; readonly values: readonly (number | string)[] }
    | null
    | undefined;
  readonly metadata: string | null;
}

/** Smallest and largest of something; absent where there is nothing to measure. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

export interface InspectedFile {
  readonly uri: string;
  readonly bytes: number;
  readonly footerBytes: number;
  readonly version: number;
  readonly createdBy: string | undefined;
  readonly rows: number;
  /** Columns at the top, in Pinecone's notation. */
  readonly schema: readonly { readonly name: string; readonly type: string; readonly repetition: string }[];
  readonly columns: readonly InspectedColumn[];
  readonly rowGroups: readonly { readonly rows: number; readonly bytes: number }[];
  readonly rowGroupCount: number;
  readonly records: readonly InspectedRecord[];
  /** From the first `measuredRows` rows. */
  readonly measuredRows: number;
  readonly dimension: number | undefined;
  readonly values: Range | undefined;
  readonly norms: Range | undefined;
  readonly notFinite: number;
  readonly sparseLengths: Range | undefined;
  readonly idBytes: Range | undefined;
  readonly metadataBytes: Range | undefined;
  readonly metadataNulls: number;
  /** Why there are no records: the columns are not those of an import. */
  readonly note: string | undefined;
}

/**
 * What a Parquet file is made of, and what its first records look like.
 * @throws PARQUET_CORRUPT, PARQUET_UNSUPPORTED, PARQUET_LIMIT
 */
export async function inspectFile(
  input: RandomAccess,
  uri: string,
  settings: InspectSettings = {},
): Promise<InspectedFile> {
  const file = await openParquet(input);
  const { metadata, root, leaves } = file;
  const columns = leaves.map((leaf): InspectedColumn => {
    const codecs = new Set<string>();
    const encodings = new Set<string>();
    let values = 0;
    let compressedBytes = 0;
    let uncompressedBytes = 0;
    for (const group of metadata.rowGroups) {
      const chunk = group.columns[leaf.leaf]!;
      codecs.add(chunk.codec);
      for (const encoding of chunk.encodings) encodings.add(encoding);
      values += chunk.values;
      compressedBytes += chunk.compressedBytes;
      uncompressedBytes += chunk.uncompressedBytes;
    }
    const { repetition } = leaf.element;
    const type = typeName({ ...leaf, element: { ...leaf.element, repetition: 'REQUIRED' } });
    const path = leaf.path.join('.');
    return {
      path,
      type,
      repetition,
      codecs: [...codecs],
      encodings: [...encodings],
      values,
      compressedBytes,
      uncompressedBytes,
    };
  });
  const log = new FindingLog(1);
  const bound = bindColumns(file, input.source, undefined, log);
  const dimension = bound === undefined ? undefined : await findDimension({ file, columns: bound });
  const measures = new Measures(settings.records ?? DEFAULT_INSPECT_RECORDS);
  if (bound !== undefined) {
    const options = {
      dimension: dimension ?? 0,
      namespace: '',
      source: input.source,
      maxRows: settings.sample ?? DEFAULT_INSPECT_ROWS,
    };
    try {
      for await (const batch of readBatches(file, bound, options)) measures.add(batch);
    } finally {
      await input.close?.();
    }
  }
  const first = log.kept.find(({ severity }) => severity === 'error');
  return {
    uri,
    bytes: input.bytes,
    footerBytes: file.footerBytes,
    version: metadata.version,
    createdBy: metadata.createdBy,
    rows: metadata.rows,
    schema: root.children.map((node) => ({
      name: node.element.name,
      type: typeName(node),
      repetition: node.element.repetition,
    })),
    columns,
    rowGroups: metadata.rowGroups.slice(0, LISTED_GROUPS).map(({ rows, columns: chunks }) => ({
      rows,
      bytes: chunks.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0),
    })),
    rowGroupCount: metadata.rowGroups.length,
    dimension,
    ...measures.result(),
    note:
      bound === undefined
        ? `the columns are not those of an import: ${first?.field ?? 'schema'}: ${first?.message ?? 'refused'}`
        : undefined,
  };
}

class Measures {
  readonly #records: InspectedRecord[] = [];
  readonly #values = new Spread();
  readonly #norms = new Spread();
  readonly #sparse = new Spread();
  readonly #ids = new Spread();
  readonly #metadata = new Spread();
  #notFinite = 0;
  #metadataNulls = 0;
  #rows = 0;

  constructor(private readonly shown: number) {}

  add(batch: RecordBatch): void {
    const { rows, dimension, values, sparse, ids, metadata, rejected } = batch;
    for (let row = 0; row < rows; row++) {
      if (this.#records.length < this.shown) this.#records.push(recordOf(batch, row, this.#rows + row));
      if (ids.validity?.[row] !== 0) this.#ids.add(ids.offsets[row + 1]! - ids.offsets[row]!);
      if (metadata.validity?.[row] === 0) this.#metadataNulls++;
      else this.#metadata.add(metadata.offsets[row + 1]! - metadata.offsets[row]!);
      if (sparse !== undefined && sparse.validity?.[row] !== 0)
        this.#sparse.add(sparse.offsets[row + 1]! - sparse.offsets[row]!);
      // Rows whose vector is not there or of another length hold nothing to measure.
      if (values === undefined || rejected[row] !== 0) continue;
      let squares = 0;
      for (let i = row * dimension; i < (row + 1) * dimension; i++) {
        const value = values[i]!;
        if (Number.isFinite(value)) this.#values.add(value);
        else this.#notFinite++;
        squares += value * value;
      }
      if (Number.isFinite(squares)) this.#norms.add(Math.sqrt(squares));
    }
    this.#rows += rows;
  }

  result() {
    return {
      records: this.#records,
      measuredRows: this.#rows,
      values: this.#values.range,
      norms: this.#norms.range,
      notFinite: this.#notFinite,
      sparseLengths: this.#sparse.range,
      idBytes: this.#ids.range,
      metadataBytes: this.#metadata.range,
      metadataNulls: this.#metadataNulls,
    };
  }
}

class Spread {
  #min = Infinity;
  #max = -Infinity;
  #sum = 0;
  #count = 0;

  add(value: number): void {
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#sum += value;
    this.#count++;
  }

  get range(): Range | undefined {
    return this.#count === 0 ? undefined : { min: this.#min, max: this.#max, mean: this.#sum / this.#count };
  }
}

const decoder = new TextDecoder();

function recordOf(
  { dimension, values, sparse, ids, metadata, rejected }: RecordBatch,
  row: number,
  number: number,
): InspectedRecord {
  const text = (column: RecordBatch['ids']): string | null => {
    if (column.validity?.[row] === 0) return null;
    // Cut by bytes before it is decoded: a text may be large.
    const start = column.offsets[row]!;
    const end = column.offsets[row + 1]!;
    const shown = decoder.decode(column.bytes.subarray(start, Math.min(end, start + SHOWN_TEXT)));
    return end - start > SHOWN_TEXT ? `${shown}…` : shown;
  };
  const from = row * dimension;
  const sparseFrom = sparse?.offsets[row] ?? 0;
  const sparseTo = sparse?.offsets[row + 1] ?? 0;
  const sparseShown = Math.min(sparseTo, sparseFrom + SHOWN_NUMBERS);
  return {
    row: number,
    id: text(ids),
    ...(values === undefined || rejected[row] !== 0
      ? {}
      : {
          values: {
            length: dimension,
            first: shownNumbers(values.subarray(from, Math.min(from + dimension, from + SHOWN_NUMBERS))),
          },
        }),
    ...(sparse === undefined
      ? {}
      : {
          sparse:
            sparse.validity?.[row] === 0
              ? null
              : {
                  length: sparseTo - sparseFrom,
                  indices: [...sparse.indices.subarray(sparseFrom, sparseShown)],
                  values: shownNumbers(sparse.values.subarray(sparseFrom, sparseShown)),
                },
        }),
    metadata: text(metadata),
  };
}

/** JSON has no NaN and no infinities: they go as texts. Numbers in the fewest digits that mean the same float32. */
function shownNumbers(values: Float32Array): (number | string)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? shortest(value) : String(value)));
}

function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
