import { corrupt, inFile, overLimit, unsupported } from './fault.js';
import { parseFileMetadata, type FileMetadata } from './file-metadata.js';
import { DEFAULT_DECODE_LIMITS, type DecodeLimits } from './limits.js';
import { buildSchemaTree, type SchemaNode } from './schema-tree.js';
import { ThriftEnd } from './thrift.js';

/** Bytes that can be read anywhere: a local file or an object in a store. */
export interface RandomAccess {
  /** As people know it: path or URI. */
  readonly source: string;
  readonly bytes: number;
  /** Exactly the bytes from `start` to before `end`, in as many parts as they come. */
  read(start: number, end: number): Promise<readonly Uint8Array[]>;
  /** Fills `target` with the bytes from `start` on; only where that is cheaper than `read`. */
  readInto?: ((target: Uint8Array, start: number) => Promise<void>) | undefined;
  /** Lets go of what is held open; a later read opens it again. */
  close?(): Promise<void>;
}

/** A Parquet file whose footer was read. */
export interface ParquetFile {
  readonly input: RandomAccess;
  readonly metadata: FileMetadata;
  readonly root: SchemaNode;
  readonly leaves: readonly SchemaNode[];
  readonly footerBytes: number;
  readonly limits: DecodeLimits;
}

/** Read from the end in the first go: enough for the footer of most files, so that one request will do. */
export const FOOTER_GUESS_BYTES = 64 * 1024;

/** Magic, its length and the footer's length: the least a file has. */
const FRAME_BYTES = 12;

/**
 * Reads footer and schema.
 * @throws PARQUET_CORRUPT, PARQUET_UNSUPPORTED, PARQUET_LIMIT, and whatever reading throws
 */
export async function openParquet(input: RandomAccess, limits = DEFAULT_DECODE_LIMITS): Promise<ParquetFile> {
  const { bytes: size, source } = input;
  if (size < FRAME_BYTES) {
    throw inFile(corrupt('the file is too short to be Parquet', { got: `${size} bytes` }), source);
  }
  let tail = await readWhole(input, Math.max(0, size - FOOTER_GUESS_BYTES), size);
  try {
    const frame = new DataView(tail.buffer, tail.byteOffset + tail.length - 8, 8);
    const magic = frame.getUint32(4, true);
    if (magic === PARE) throw unsupported('the footer is encrypted');
    if (magic !== PAR1) throw corrupt('the file does not end as Parquet does: it is cut off, or something else');
    const length = frame.getUint32(0, true);
    if (length > limits.footerBytes) throw overLimit('a footer', limits.footerBytes, length);
    if (length + FRAME_BYTES > size) {
      throw corrupt('the footer is longer than the file', { got: `${length} of ${size} bytes` });
    }
    const needed = length + 8;
    if (needed > tail.length) tail = await readWhole(input, size - needed, size);
    const head = size <= tail.length ? tail : await readWhole(input, 0, 4);
    if (new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true) !== PAR1) {
      throw corrupt('the file does not begin as Parquet does');
    }
    const footer = tail.subarray(tail.length - needed, tail.length - 8);
    const metadata = parseFooter(footer, size - needed, limits);
    const { root, leaves } = buildSchemaTree(metadata.schema, limits);
    for (const group of metadata.rowGroups) {
      if (group.columns.length !== leaves.length) {
        throw corrupt('a row group has another number of columns than the schema', {
          expected: `${leaves.length} columns`,
          got: `${group.columns.length} columns`,
        });
      }
      group.columns.forEach((chunk, i) => {
        if (chunk.type !== leaves[i]!.element.type) throw corrupt('a column chunk has another type than the schema');
      });
    }
    return { input, metadata, root, leaves, footerBytes: length, limits };
  } catch (error) {
    throw inFile(error, source);
  }
}

function parseFooter(footer: Uint8Array, dataEnd: number, limits: DecodeLimits): FileMetadata {
  try {
    return parseFileMetadata(footer, dataEnd, limits);
  } catch (error) {
    throw error instanceof ThriftEnd ? corrupt('the footer is cut off') : error;
  }
}

async function readWhole(input: RandomAccess, start: number, end: number): Promise<Uint8Array> {
  const parts = await input.read(start, end);
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

const PAR1 = 0x31524150;
const PARE = 0x45524150;
