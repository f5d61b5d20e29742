import { giveBackChunkMemory } from '../../readers/chunk-memory.js';
import type { Chunk, ChunkReader, FileBlock, ReaderConfig } from '../../readers/reader.js';
import type { RuleOptions } from '../../records/rules/options.js';
import { memoryOf, type CheckedColumns, type WorkerPool } from './pool.js';

/** Reads on the thread that calls. What reading takes is loaded with the first chunk: where there are threads nobody needs it here. */
export class CallingThread implements WorkerPool {
  readonly width = 1;
  readonly blocks = 1;
  #code: ReturnType<typeof load> | undefined;
  #config: ReaderConfig | undefined;
  #reader: ChunkReader | undefined;
  #spare: ArrayBufferLike | undefined;

  constructor(private readonly rules: RuleOptions) {}

  async read(config: ReaderConfig, chunk: Chunk | FileBlock, fingerprints?: boolean): Promise<CheckedColumns> {
    const { createReader, readAndCheck } = await (this.#code ??= load());
    if (this.#reader === undefined || this.#config !== config) {
      this.#reader = createReader(config);
      this.#config = config;
    }
    // Nothing here ever waits; what else there is to do (writes, signals, progress) gets its turn before each chunk.
    await new Promise(setImmediate);
    const memory = this.#spare;
    this.#spare = undefined;
    const { batch, lines, place } = readAndCheck(this.#reader, chunk, this.rules, { fingerprints, memory });
    if ('bytes' in chunk && chunk.ownsMemory === true) giveBackChunkMemory(chunk.bytes.buffer as ArrayBuffer);
    return { batch, lines, place, release: () => (this.#spare = memoryOf(batch)) };
  }

  async close(): Promise<void> {}
}

async function load() {
  const [{ createReader }, { readAndCheck }] = await Promise.all([
    import('../../readers/create-reader.js'),
    import('./read-and-check.js'),
  ]);
  return { createReader, readAndCheck };
}
