import type { EventListener } from '../base/events.js';
import type { TransferFile } from './transfer.js';

/** Shortest time between two progress events, in milliseconds. */
export const UPLOAD_PROGRESS_MS = 200;
/** The rate is that of the last so many milliseconds: it follows the link, not the whole run. */
export const UPLOAD_RATE_WINDOW_MS = 15_000;
/** Before this much time no rate is told. */
const FIRST_RATE_MS = 1_000;

/** Counts of a transfer, told to the listener not more often than UPLOAD_PROGRESS_MS. */
export class TransferProgress {
  skipped = 0;
  /** Bytes sent, or read again. */
  movedBytes = 0;
  readonly #bytesTotal: number;
  readonly #marks: { readonly at: number; readonly bytes: number }[] = [];
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
    this.#marks.push({ at: this.now(), bytes: 0 });
  }

  moved(bytes: number): void {
    this.movedBytes += bytes;
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
    const bytesPerSecond = this.#rate();
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

  #rate(): number | undefined {
    const at = this.now();
    const marks = this.#marks;
    marks.push({ at, bytes: this.movedBytes });
    // The oldest mark stays until the one after it is old enough too.
    while (marks.length > 2 && at - marks[1]!.at >= UPLOAD_RATE_WINDOW_MS) marks.shift();
    const first = marks[0]!;
    const bytes = this.movedBytes - first.bytes;
    return at - first.at < FIRST_RATE_MS || bytes <= 0 ? undefined : (bytes * 1000) / (at - first.at);
  }
}
