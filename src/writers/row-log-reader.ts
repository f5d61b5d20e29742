import { readSpilled } from '../base/spill-file.js';
import type { GroupMemory } from './group-memory.js';
import type { BlockSource, Place } from './row-log.js';

/** What another thread needs to be told of a log all of which is in its file. */
export interface RowLogData {
  /** Descriptor of the file, which stays open as long as it is read. */
  readonly file: number;
  /** Where the file is, for errors. */
  readonly directory: string;
  /** Where each segment begins in it; those that are not needed any more are missing. */
  readonly segments: ReadonlyMap<number, number>;
}

/**
 * A log as another thread reads it: block by block, each into memory that serves the next ones. (Reading ahead would take new memory for
 * everything that is read, which stays until the garbage collector of that thread comes by.)
 */
export class RowLogReader implements BlockSource {
  constructor(
    private readonly data: RowLogData,
    private readonly memory: GroupMemory,
  ) {}

  async read({ segment, offset, bytes }: Place): Promise<Uint8Array> {
    const { file, directory, segments } = this.data;
    const block = new Uint8Array(this.memory.take(bytes), 0, bytes);
    await readSpilled(file, directory, block, segments.get(segment)! + offset);
    return block;
  }

  /** The writer drops the file as a whole. */
  release(_: Place, block: Uint8Array): void {
    this.memory.giveBack(block.buffer);
  }
}
