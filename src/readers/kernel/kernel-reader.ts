import type { RecordBatch } from '../../records/batch.js';
import { mergeRejects } from '../chunk-bytes.js';
import type { Chunk, ChunkReader, FileBlock, ReadColumns, ReaderConfig, PackOptions } from '../reader.js';
import { placeBlock, TAIL_BYTES } from './block-input.js';
import { writeConfig } from './kernel-config.js';
import { KernelRejects } from './kernel-rejects.js';
import { packBatch } from './pack-batch.js';
import { RowBlock, type PlacedRows } from './row-block.js';
import { instantiateKernel, type KernelExports } from './wasm.js';

/** What `read` leaves at resultAddress, as u32: see writeResult in columns.ts. */
const RESULT_WORDS = 25;
const PROBLEM_COUNT = 18;
/** Twice what 20,000 dimensions take: a row that is larger is an exception, for which not all blocks need to be read with so much more. */
const MAX_KNOWN_TAIL_BYTES = 1024 * 1024;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads chunks with the WebAssembly kernel, whose memory is used again for the next chunk. */
export class KernelReader implements ChunkReader {
  private readonly kernel: KernelExports;
  private readonly rejects: KernelRejects;
  /** Bytes behind a block of rows that its last one may take; grows with the rows. */
  private rowTail = TAIL_BYTES;

  constructor(private readonly config: ReaderConfig) {
    this.kernel = instantiateKernel();
    const { labels } = writeConfig(this.kernel, config);
    this.rejects = new KernelRejects(config, labels);
  }

  read(chunk: Chunk): RecordBatch {
    return copyOf(this.view(chunk).batch);
  }

  view(chunk: Chunk | FileBlock): ReadColumns {
    if ('fd' in chunk) {
      const { cut } = chunk;
      return cut === 'rows-from' || cut === 'rows-near' ? this.viewRows(chunk) : this.viewBlock(chunk);
    }
    const { kernel } = this;
    const { bytes } = chunk;
    const input = kernel.place(bytes.length);
    new Uint8Array(kernel.memory.buffer).set(bytes, input);
    return this.readAll(placedInput(chunk, { at: input, length: bytes.length, byteOffset: chunk.byteOffset }));
  }

  pack(batch: RecordBatch, options: PackOptions = {}): RecordBatch {
    return packBatch(this.kernel, batch, options);
  }

  private viewBlock(block: FileBlock): ReadColumns {
    const placed = placeBlock(this.kernel, block);
    const read = this.readAll(placedInput(block, placed));
    if (placed.oversize === undefined) return read;
    const line = block.firstLine + read.lines;
    read.batch.rejects.push({ source: block.source, line, ...placed.oversize });
    return { batch: read.batch, lines: read.lines + 1 };
  }

  private viewRows(block: FileBlock): ReadColumns {
    const rows = new RowBlock(this.kernel, block, this.rowTail);
    let placed: PlacedRows | undefined = rows.place();
    if (placed === undefined) return this.noRows(block, rows);
    let end = this.takeRows(block, placed);
    // Lines of a long text may have as many commas as a row; of each, a reject would be made for nothing.
    if (block.cut === 'rows-near' && this.moreProblemsThanRows()) return this.noRows(block, rows);
    // Bytes behind a place that was taken for a row's start by mistake may go on without end; that is found out before more are read.
    while (end < placed.stop && block.cut === 'rows-from') {
      const more = rows.placeMore();
      if (more === undefined) break;
      this.rowTail = Math.min(rows.tail, MAX_KNOWN_TAIL_BYTES);
      placed = more;
      end = this.takeRows(block, placed);
    }
    const { at, byteOffset } = placed;
    const place = [byteOffset, Math.min(byteOffset + (end - at), block.fileBytes)] as const;
    const { batch, lines } = this.columns(placedInput(block, placed));
    return { batch, lines, place };
  }

  private noRows(block: FileBlock, { at }: RowBlock): ReadColumns {
    this.kernel.takeInput(at, at);
    return this.readAll(placedInput(block, { at, length: 0, byteOffset: block.start }));
  }

  /** Returns the address behind them. */
  private takeRows({ firstLine, maxRecordBytes }: FileBlock, { byteOffset, stop, atEnd }: PlacedRows): number {
    return this.kernel.readRowsUpTo(stop, byteOffset, firstLine, maxRecordBytes, atEnd);
  }

  private moreProblemsThanRows(): boolean {
    const { kernel } = this;
    const result = new Uint32Array(kernel.memory.buffer, kernel.resultAddress(), RESULT_WORDS);
    return result[PROBLEM_COUNT]! > result[0]!;
  }

  /** Turns the input in place into columns. */
  private readAll(input: PlacedInput): ReadColumns {
    this.kernel.read(this.config.format === 'csv', input.byteOffset, input.firstLine);
    const { batch, lines } = this.columns(input);
    return { batch, lines: input.length === 0 ? 0 : lines };
  }

  /** What the kernel has made of the input. */
  private columns(input: PlacedInput): ReadColumns {
    const { kernel, config } = this;
    const memory = kernel.memory.buffer;
    const [
      rows,
      lines,
      byteOffsets,
      ranges,
      idOffsets,
      metadataOffsets,
      sparseOffsets,
      codes,
      metadataValidity,
      sparseValidity,
      ids,
      values,
      indices,
      sparseValues,
      metadata,
      names,
      nameCount,
      problems,
      problemCount,
      knownGood,
      lineCount,
      doubtful,
      doubtfulCount,
      longestId,
      longestMetadata,
    ] = new Uint32Array(memory, kernel.resultAddress(), RESULT_WORDS) as unknown as number[] as Result;

    const bytes = (at: number, length: number): Uint8Array => new Uint8Array(memory, at, length);
    const u32 = (at: number, length: number): Uint32Array => new Uint32Array(memory, at, length);
    const f32 = (at: number, length: number): Float32Array => new Float32Array(memory, at, length);
    const f64 = (at: number, length: number): Float64Array => new Float64Array(memory, at, length);
    const presence = (at: number): Uint8Array | undefined => {
      const present = bytes(at, rows);
      return present.includes(0) ? present : undefined;
    };

    const text = bytes(input.at, input.length);
    const entries = config.kind === 'dense' ? 0 : u32(sparseOffsets, rows + 1)[rows]!;
    const idEnds = u32(idOffsets, rows + 1);
    const metadataEnds = u32(metadataOffsets, rows + 1);
    const dimension = config.kind === 'sparse' ? 0 : config.dimension;
    const nameTexts = u32(names, 2 * nameCount);
    const dictionary: string[] = [];
    for (let i = 0; i < 2 * nameCount; i += 2) dictionary.push(decoder.decode(bytes(nameTexts[i]!, nameTexts[i + 1]!)));
    const rejects = this.rejects.read(input, text, { memory, at: problems, problems: problemCount });
    mergeRejects(rejects, input.rejects);
    const batch: RecordBatch = {
      rows,
      dimension,
      ids: { bytes: bytes(ids, idEnds[rows]!), offsets: idEnds },
      values: config.kind === 'sparse' ? undefined : f32(values, rows * dimension),
      knownGood: bytes(knownGood, rows),
      knownOfAll: { doubtful: u32(doubtful, doubtfulCount), longestId, longestMetadata },
      sparse:
        config.kind === 'dense'
          ? undefined
          : {
              offsets: u32(sparseOffsets, rows + 1),
              indices: u32(indices, entries),
              values: f32(sparseValues, entries),
              validity: presence(sparseValidity),
            },
      metadata: {
        bytes: bytes(metadata, metadataEnds[rows]!),
        offsets: metadataEnds,
        validity: presence(metadataValidity),
      },
      namespaces: { dictionary, codes: u32(codes, rows) },
      origin: {
        source: input.source,
        lines: f64(lines, rows),
        byteOffsets: f64(byteOffsets, rows),
        raw: config.keepRaw ? { bytes: text, ranges: u32(ranges, 2 * rows) } : undefined,
      },
      rejected: new Uint8Array(rows),
      rejects,
    };
    return { batch, lines: lineCount };
  }
}

/** Whole records in the kernel's memory. */
interface PlacedInput extends Omit<Chunk, 'bytes' | 'ownsMemory'> {
  /** Address of the first byte. */
  readonly at: number;
  readonly length: number;
}

/**
 * Field by field: where objects that hold large numbers are spread, V8 makes a hidden class for every single one, and these stay in memory
 * until its next full collection.
 */
function placedInput(
  { source, firstLine, rejects }: Chunk | FileBlock,
  { at, length, byteOffset }: Pick<PlacedInput, 'at' | 'length' | 'byteOffset'>,
): PlacedInput {
  return { source, at, length, byteOffset, firstLine, rejects };
}

/** The same columns, each with memory of its own. */
function copyOf(batch: RecordBatch): RecordBatch {
  const { ids, values, knownGood, knownOfAll, sparse, metadata, namespaces, origin } = batch;
  const { raw } = origin;
  return {
    ...batch,
    ids: { bytes: ids.bytes.slice(), offsets: ids.offsets.slice() },
    values: values?.slice(),
    knownGood: knownGood?.slice(),
    knownOfAll: knownOfAll && { ...knownOfAll, doubtful: knownOfAll.doubtful.slice() },
    sparse: sparse && {
      offsets: sparse.offsets.slice(),
      indices: sparse.indices.slice(),
      values: sparse.values.slice(),
      validity: sparse.validity?.slice(),
    },
    metadata: {
      bytes: metadata.bytes.slice(),
      offsets: metadata.offsets.slice(),
      validity: metadata.validity?.slice(),
    },
    namespaces: { ...namespaces, codes: namespaces.codes.slice() },
    origin: {
      ...origin,
      lines: origin.lines.slice(),
      byteOffsets: origin.byteOffsets.slice(),
      raw: raw && { bytes: raw.bytes.slice(), ranges: raw.ranges.slice() },
    },
  };
}

type Result = [
  rows: number,
  lines: number,
  byteOffsets: number,
  ranges: number,
  idOffsets: number,
  metadataOffsets: number,
  sparseOffsets: number,
  codes: number,
  metadataValidity: number,
  sparseValidity: number,
  ids: number,
  values: number,
  indices: number,
  sparseValues: number,
  metadata: number,
  names: number,
  nameCount: number,
  problems: number,
  problemCount: number,
  knownGood: number,
  lineCount: number,
  doubtful: number,
  doubtfulCount: number,
  longestId: number,
  longestMetadata: number,
];
