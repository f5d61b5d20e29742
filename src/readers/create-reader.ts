import { KernelReader } from './kernel/kernel-reader.js';
import type { ChunkReader, ReaderConfig } from './reader.js';

/** The reader for a mapping. It keeps memory between chunks, so one for each thread is enough. */
export function createReader(config: ReaderConfig): ChunkReader {
  return new KernelReader(config);
}
