import type { createLogUpdate } from 'log-update';
import { formatBytes, formatCount, formatSeconds } from '../base/bytes.js';
import type { PineloadEvent } from '../base/events.js';
import { renderEvent } from '../base/render-event.js';
import { RepeatedSpills } from './repeated-spills.js';

/** Shows events. `close` leaves the screen tidy. */
export interface Presenter {
  show(event: PineloadEvent): void;
  close(): void;
}

/** Off a terminal a progress line goes out at most this often. */
export const PLAIN_PROGRESS_INTERVAL_MS = 5_000;
/** And one of JSON: whoever keeps the log of a job of hours does not want ten lines a second. */
export const JSON_PROGRESS_INTERVAL_MS = 1_000;

/** Where the talk goes and how. */
export interface PresenterOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly stream: NodeJS.WriteStream;
}

/** Bars on a terminal, lines elsewhere, JSON lines on request. */
export async function createPresenter(options: PresenterOptions): Promise<Presenter> {
  if (options.json) return new JsonPresenter(options.stream);
  return new Folding(await forPeople(options));
}

async function forPeople(options: PresenterOptions): Promise<Presenter> {
  const animated = options.stream.isTTY && process.env.TERM !== 'dumb' && process.env.CI === undefined;
  if (options.quiet || !animated) return new PlainPresenter(options.stream, options.quiet);
  // Loaded for terminals only: it takes its time.
  const { createLogUpdate } = await import('log-update');
  return new TerminalPresenter(options.stream, createLogUpdate(options.stream));
}

/** Events that come as often as counts change; each holds all of the one before it. */
const COUNTS: ReadonlySet<PineloadEvent['type']> = new Set([
  'convert.progress',
  'upload.progress',
  'upload.verify.progress',
  'verify.progress',
]);

class JsonPresenter implements Presenter {
  readonly #shown = new Map<string, number>();

  constructor(private readonly stream: NodeJS.WritableStream) {}

  show(event: PineloadEvent): void {
    if (COUNTS.has(event.type)) {
      const now = performance.now();
      const last = this.#shown.get(event.type);
      if (last !== undefined && now - last < JSON_PROGRESS_INTERVAL_MS) return;
      this.#shown.set(event.type, now);
    }
    const { type, ...rest } = event;
    this.stream.write(
      `${JSON.stringify({ time: new Date().toISOString(), level: levelOf(event), event: type, ...rest })}\n`,
    );
  }

  close(): void {}
}

/** Tells of repeated spills together. */
class Folding implements Presenter {
  readonly #spills = new RepeatedSpills();

  constructor(private readonly inner: Presenter) {}

  show(event: PineloadEvent): void {
    const shown = event.type === 'spill' ? this.#spills.add(event) : event;
    // What is left comes before the line that ends the stage, or the error.
    if (event.type.endsWith('.done') || event.type === 'error') this.#showRest();
    if (shown !== undefined) this.inner.show(shown);
  }

  close(): void {
    this.#showRest();
    this.inner.close();
  }

  #showRest(): void {
    const rest = this.#spills.rest();
    if (rest !== undefined) this.inner.show(rest);
  }
}

class PlainPresenter implements Presenter {
  #lastProgress = performance.now();

  constructor(
    private readonly stream: NodeJS.WritableStream,
    private readonly quiet: boolean,
  ) {}

  show(event: PineloadEvent): void {
    if (this.quiet && levelOf(event) === 'info') return;
    const progress = progressText(event);
    if (progress !== undefined) {
      const now = performance.now();
      if (now - this.#lastProgress < PLAIN_PROGRESS_INTERVAL_MS) return;
      this.#lastProgress = now;
      this.stream.write(`${progress.texts[0]}\n`);
      return;
    }
    const text = renderEvent(event);
    if (text !== undefined) this.stream.write(`${text}\n`);
  }

  close(): void {}
}

class TerminalPresenter implements Presenter {
  #bar: string | undefined;
  readonly #started = performance.now();

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly live: ReturnType<typeof createLogUpdate>,
  ) {}

  show(event: PineloadEvent): void {
    const progress = progressText(event);
    if (progress !== undefined) {
      this.#bar = this.#draw(progress);
      this.live(this.#bar);
      return;
    }
    const text = renderEvent(event);
    if (text === undefined) return;
    this.live.clear();
    this.stream.write(`${text}\n`);
    if (event.type.endsWith('.done') || event.type === 'error') this.#bar = undefined;
    if (this.#bar !== undefined) this.live(this.#bar);
  }

  close(): void {
    this.live.clear();
    this.live.done();
  }

  #draw({ texts, share, ownTime }: ProgressText): string {
    const columns = (this.stream.columns || 80) - 1;
    const shortest = texts.at(-1)!;
    if (share === undefined) return (texts.find((text) => text.length <= columns) ?? shortest).slice(0, columns);
    const elapsed = (performance.now() - this.#started) / 1000;
    const left =
      ownTime !== true && share > 0.02 && share < 1 ? `, ${formatSeconds((elapsed / share) * (1 - share))} left` : '';
    const percent = `${String(Math.floor(share * 100)).padStart(3)} %  `;
    const room = columns - percent.length - left.length;
    const text = texts.find((each) => each.length <= room);
    if (text === undefined) return (shortest + left).slice(0, columns);
    const width = Math.min(MOST_BAR_COLUMNS, room - text.length - 1);
    const full = Math.round(share * width);
    const bar = width < FEWEST_BAR_COLUMNS ? '' : `${'█'.repeat(full)}${'░'.repeat(width - full)} `;
    return `${bar}${percent}${text}${left}`;
  }
}

/** A shorter bar would say less than the numbers that it takes the room of. */
const FEWEST_BAR_COLUMNS = 10;
const MOST_BAR_COLUMNS = 30;

interface ProgressText {
  /** The same in fewer and fewer words, for narrower and narrower screens. */
  readonly texts: readonly [string, ...string[]];
  /** 0–1, where the whole is known. */
  readonly share: number | undefined;
  /** It says itself how long it will take; the time since the beginning tells nothing. */
  readonly ownTime?: boolean;
}

/** The progress that an event tells of; undefined for all others. */
export function progressText(event: PineloadEvent): ProgressText | undefined {
  switch (event.type) {
    case 'convert.progress': {
      const { bytesRead, bytesTotal } = event;
      const rejected = event.rejected > 0 ? `, ${formatCount(event.rejected)} rejected` : '';
      const pace = paceText(event);
      const read = bytesTotal === undefined ? '' : ` of ${formatBytes(bytesTotal)}`;
      return {
        texts: [
          `${formatCount(event.records)} records${rejected}, ${formatBytes(bytesRead)}${read} read, ${formatBytes(event.bytesWritten)} written${pace}`,
          `${formatBytes(bytesRead)}${read} read${rejected}${pace}`,
          `${formatBytes(bytesRead)}${read}${pace}`,
          `${formatBytes(bytesRead)}${pace}`,
        ],
        share: shareOf(bytesRead, bytesTotal),
        ownTime: true,
      };
    }
    case 'upload.progress':
    case 'upload.verify.progress': {
      const done = event.type === 'upload.progress' ? 'uploaded' : 'verified';
      const pace = paceText(event);
      const bytes = `${formatBytes(event.bytes)} of ${formatBytes(event.bytesTotal)}`;
      return {
        texts: [
          `${formatCount(event.files)}/${formatCount(event.filesTotal)} files, ${bytes} ${done}${pace}`,
          `${bytes} ${done}${pace}`,
          `${bytes}${pace}`,
          `${formatBytes(event.bytes)}${pace}`,
        ],
        share: shareOf(event.bytes, event.bytesTotal),
        ownTime: true,
      };
    }
    case 'import.progress':
    case 'imports.progress':
      return {
        texts: [renderEvent(event) ?? ''],
        share: event.percent === undefined ? undefined : event.percent / 100,
        ownTime: true,
      };
    case 'verify.progress':
      return { texts: [renderEvent(event) ?? ''], share: shareOf(event.seen, event.expected) };
    default:
      return undefined;
  }
}

/** Rate and time left, as far as they are known. */
function paceText(event: { readonly bytesPerSecond?: number | undefined; readonly secondsLeft?: number | undefined }) {
  const { bytesPerSecond, secondsLeft } = event;
  const rate = bytesPerSecond === undefined ? '' : `, ${formatBytes(bytesPerSecond)}/s`;
  // At the end none is left, which the share tells.
  return secondsLeft === undefined || secondsLeft === 0 ? rate : `${rate}, ${formatSeconds(secondsLeft)} left`;
}

function shareOf(part: number, whole: number | undefined): number | undefined {
  return whole === undefined || whole === 0 ? undefined : Math.min(1, part / whole);
}

function levelOf(event: PineloadEvent): 'info' | 'warn' | 'error' {
  if (event.type === 'error') return 'error';
  return event.type === 'warning' || event.type === 'reject' || event.type === 'retry' || event.type === 'store.trouble'
    ? 'warn'
    : 'info';
}
