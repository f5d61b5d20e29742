import type * as FileWriter from './file-writer.js';
import type * as JoinFiles from './join-files.js';

// What both need takes 40 ms to load, for nothing where other threads write the files.

let writers: Promise<typeof FileWriter> | undefined;
let joiners: Promise<typeof JoinFiles> | undefined;

/** A writer of one file, on this thread. */
export async function openParquetFile(
  options: FileWriter.ParquetFileWriterOptions,
): Promise<FileWriter.ParquetFileWriter> {
  const { ParquetFileWriter } = await (writers ??= import('./file-writer.js'));
  return new ParquetFileWriter(options);
}

/** What makes one file of the row groups of others. */
export async function openParquetJoiner(options: JoinFiles.ParquetJoinerOptions): Promise<JoinFiles.ParquetJoiner> {
  const { ParquetJoiner } = await (joiners ??= import('./join-files.js'));
  return new ParquetJoiner(options);
}
