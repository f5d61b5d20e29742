import type { EventListener } from '../base/events.js';
import { Rate } from '../base/rate.js';
import type { TransferFile } from './transfer.js';

/** Shortest time between two progress events, in milliseconds. */
export const UPLOAD_PROGRESS_MS = 200;

/** Counts of a transfer, told to the listener not more often than UPLOAD_PROGRESS_MS. */
export class TransferProgress {
  skipped = 0;
  /** Bytes that were sent and are stored, or read again. */
  movedBytes = 0;
  readonly #bytesTotal: number;
  readonly #rate: Rate;
  #files = 0;
  #skippedBytes = 0;
  #told = 0;

  constructor(
    private readonly type: 'upload.progress' | 'upload.verify.progress',
    private readonly all: readonly TransferFile[],
    private readonly onEvent: EventListener | undefined,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#bytesTotal = all.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#rate = new Rate(now);
  }

  /** Of `bytes` more the store has all; `sent` of them had to be sent for it. */
  moved(bytes: number, sent = bytes): void {
    this.movedBytes += sent;
    this.#skippedBytes += bytes - sent;
    this.#maybeReport();
  }

  fileDone({ path, bytes }: TransferFile, skipped: boolean): void {
    this.#files++;
    if (skipped) {
      this.skipped++;
      this.#skippedBytes += bytes;
    }
    if (this.type === 'upload.progress') this.onEvent?.({ type: 'upload.file', path, bytes, skipped });
    this.#maybeReport();
  }

  report(): void {
    this.#told = this.now();
    const bytes = this.movedBytes + this.#skippedBytes;
    const bytesPerSecond = this.#rate.of(this.movedBytes);
    const left = this.#bytesTotal - bytes;
    this.onEvent?.({
      type: this.type,
      files: this.#files,
      filesTotal: this.all.length,
      bytes,
      bytesTotal: this.#bytesTotal,
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond, secondsLeft: left / bytesPerSecond }),
    });
  }

  #maybeReport(): void {
    if (this.now() - this.#told >= UPLOAD_PROGRESS_MS) this.report();
  }
}
