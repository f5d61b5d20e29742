import type { ByteSink, FileChecksums } from './section-sink.js';

/** Holds what is written until it is taken. */
export class MemorySink implements ByteSink {
  /** What lies in memory of these is held as it is; all else is copied, since it may lie in memory that is used again. */
  lent: ReadonlySet<ArrayBufferLike> = new Set();
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  async write(bytes: Uint8Array): Promise<void> {
    this.#pieces.push(this.lent.has(bytes.buffer) ? bytes : bytes.slice());
    this.#bytes += bytes.length;
  }

  /** What was written since the last call. */
  take(): Uint8Array[] {
    const taken = this.#pieces;
    this.#pieces = [];
    this.lent = new Set();
    return taken;
  }

  async close(): Promise<{ readonly bytes: number; readonly checksums?: FileChecksums }> {
    return { bytes: this.#bytes };
  }

  async abort(): Promise<void> {}
}
