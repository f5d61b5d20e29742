import { CsvReader } from './csv/csv-reader.js';
import { JsonlReader } from './jsonl-reader.js';
import type { ChunkReader, ReaderConfig } from './reader.js';

/** The reader for a mapping. It keeps memory between chunks, so one for each thread is enough. */
export function createReader(config: ReaderConfig): ChunkReader {
  return config.format === 'csv' ? new CsvReader(config) : new JsonlReader(config);
}
