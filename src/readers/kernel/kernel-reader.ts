import type { RecordBatch, SparseColumn } from '../../records/batch.js';
import { mergeRejects } from '../chunk-bytes.js';
import type { Chunk, ChunkReader, ReaderConfig } from '../reader.js';
import { writeConfig } from './kernel-config.js';
import { KernelRejects } from './kernel-rejects.js';
import { instantiateKernel, type KernelExports } from './wasm.js';

/** What `read` leaves at resultAddress, as u32: see writeResult in columns.ts. */
const RESULT_WORDS = 19;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads chunks with the WebAssembly kernel. What comes out are copies of the kernel's columns, so a batch may be transferred to another
 * thread; the kernel's memory is used again for the next chunk.
 */
export class KernelReader implements ChunkReader {
  private readonly kernel: KernelExports;
  private readonly rejects: KernelRejects;

  constructor(private readonly config: ReaderConfig) {
    this.kernel = instantiateKernel();
    const { labels } = writeConfig(this.kernel, config);
    this.rejects = new KernelRejects(config, labels);
  }

  read(chunk: Chunk): RecordBatch {
    const { kernel, config } = this;
    const input = kernel.place(chunk.bytes.length);
    new Uint8Array(kernel.memory.buffer).set(chunk.bytes, input);
    kernel.read(config.format === 'csv', chunk.byteOffset, chunk.firstLine);

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
    ] = new Uint32Array(memory, kernel.resultAddress(), RESULT_WORDS) as unknown as number[] as Result;

    const bytes = (at: number, length: number): Uint8Array => new Uint8Array(memory, at, length).slice();
    const u32 = (at: number, length: number): Uint32Array => new Uint32Array(memory, at, length).slice();
    const f64 = (at: number, length: number): Float64Array => new Float64Array(memory, at, length).slice();
    const presence = (at: number): Uint8Array | undefined => {
      const present = new Uint8Array(memory, at, rows);
      return present.includes(0) ? present.slice() : undefined;
    };
    const sparseColumn = (): SparseColumn => {
      const offsets = u32(sparseOffsets, rows + 1);
      const entries = offsets[rows]!;
      return {
        offsets,
        indices: u32(indices, entries),
        values: new Float32Array(memory, sparseValues, entries).slice(),
        validity: presence(sparseValidity),
      };
    };

    const idEnds = u32(idOffsets, rows + 1);
    const metadataEnds = u32(metadataOffsets, rows + 1);
    const dimension = config.kind === 'sparse' ? 0 : config.dimension;
    const nameTexts = new Uint32Array(memory, names, 2 * nameCount);
    const dictionary: string[] = [];
    for (let i = 0; i < 2 * nameCount; i += 2) {
      dictionary.push(decoder.decode(new Uint8Array(memory, nameTexts[i]!, nameTexts[i + 1]!)));
    }
    const rejects = this.rejects.read(chunk, memory, problems, problemCount);
    mergeRejects(rejects, chunk.rejects);
    return {
      rows,
      dimension,
      ids: { bytes: bytes(ids, idEnds[rows]!), offsets: idEnds },
      values: config.kind === 'sparse' ? undefined : new Float32Array(memory, values, rows * dimension).slice(),
      sparse: config.kind === 'dense' ? undefined : sparseColumn(),
      metadata: {
        bytes: bytes(metadata, metadataEnds[rows]!),
        offsets: metadataEnds,
        validity: presence(metadataValidity),
      },
      namespaces: { dictionary, codes: u32(codes, rows) },
      origin: {
        source: chunk.source,
        lines: f64(lines, rows),
        byteOffsets: f64(byteOffsets, rows),
        raw: config.keepRaw ? { bytes: chunk.bytes, ranges: u32(ranges, 2 * rows) } : undefined,
      },
      rejected: new Uint8Array(rows),
      rejects,
    };
  }
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
];
