import { PineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import { describeReject, rejectToJson } from '../records/describe-reject.js';
import type { Reject } from '../records/reject.js';
import { RULES } from '../records/rule-codes.js';
import { deletePrefix } from '../uploaders/delete-objects.js';
import type { ObjectStore, ObjectWriter } from '../uploaders/object-store.js';
import type { OnError, RejectLimit } from './options.js';

/** Rejects counted: by code, and by namespace as far as it could be read (`''` where not). */
export interface RejectCounts {
  readonly total: number;
  readonly byCode: Readonly<Record<string, number>>;
  readonly byNamespace: Readonly<Record<string, number>>;
}

/** Messages of the same code that are shown before the rest is only counted. */
export const MAX_SHOWN_REJECTS_PER_CODE = 5;

const PREFIX = 'rejects/';
export const rejectsKey = (split: number): string => `${PREFIX}split-${String(split).padStart(5, '0')}.jsonl`;
/** The rejects of all splits in one file. */
export const REJECTS_KEY = 'rejects.jsonl';

export function noRejects(): RejectCounts {
  return { total: 0, byCode: {}, byNamespace: {} };
}

export function addRejects(a: RejectCounts, b: RejectCounts): RejectCounts {
  const sum = (x: Readonly<Record<string, number>>, y: Readonly<Record<string, number>>): Record<string, number> => {
    const out = new Map(Object.entries(x));
    for (const [key, count] of Object.entries(y)) out.set(key, (out.get(key) ?? 0) + count);
    return Object.fromEntries([...out].sort(([p], [q]) => (p < q ? -1 : 1)));
  };
  return { total: a.total + b.total, byCode: sum(a.byCode, b.byCode), byNamespace: sum(a.byNamespace, b.byNamespace) };
}

/** How many lines of an input lie before the piece of it that is read. */
export interface LinesBefore {
  /** Undefined where other machines have not told yet. */
  readonly known: number | undefined;
  /** Counts them, which means to read all that lies before. */
  readonly count: () => Promise<number>;
}

/**
 * Takes the rejects of one split: with `abort` the first one stops the run, with `skip` each is written to the split's
 * rejects file in the state, up to the maximum.
 */
export class RejectLog {
  #counts = { total: 0, byCode: new Map<string, number>(), byNamespace: new Map<string, number>() };
  #writer: ObjectWriter | undefined;
  #lines: LinesBefore = { known: 0, count: () => Promise.resolve(0) };

  constructor(
    private readonly options: {
      readonly state: ObjectStore;
      readonly split: number;
      readonly onError: OnError;
      readonly limit: RejectLimit;
      /** Rejects of the splits before this one. */
      readonly before: number;
      readonly onEvent: EventListener | undefined;
    },
  ) {}

  get counts(): RejectCounts {
    const { total, byCode, byNamespace } = this.#counts;
    return addRejects(noRejects(), {
      total,
      byCode: Object.fromEntries(byCode),
      byNamespace: Object.fromEntries(byNamespace),
    });
  }

  /**
   * The rejects that come are of another piece. Only messages are told with its place in the input: what is written to the split's file
   * must not depend on who has finished what by now, so lines there stay those of the range until the commit.
   */
  startPiece(lines: LinesBefore): void {
    this.#lines = lines;
  }

  async take(rejects: readonly Reject[]): Promise<void> {
    if (rejects.length === 0) return;
    const first = rejects[0]!;
    if (this.options.onError === 'abort') {
      throw rejectedError({ ...first, line: first.line + (this.#lines.known ?? (await this.#lines.count())) });
    }
    const lines: string[] = [];
    for (const reject of rejects) {
      this.#count(reject);
      lines.push(rejectToJson(reject));
    }
    this.#writer ??= await this.options.state.create(rejectsKey(this.options.split), {
      contentType: 'application/x-ndjson',
    });
    await this.#writer.write(Buffer.from(`${lines.join('\n')}\n`));
    const { limit, before } = this.options;
    if ('count' in limit && before + this.#counts.total > limit.count) {
      throw tooManyRejects(`at most ${limit.count}`, `${before + this.#counts.total} so far`, this.counts.byCode);
    }
  }

  /** Makes the split's rejects file complete. */
  async close(): Promise<void> {
    await this.#writer?.close();
    this.#writer = undefined;
  }

  async abort(): Promise<void> {
    await this.#writer?.abort();
  }

  #count(reject: Reject): void {
    const { byCode, byNamespace } = this.#counts;
    this.#counts.total++;
    const shown = byCode.get(reject.code) ?? 0;
    byCode.set(reject.code, shown + 1);
    const namespace = reject.namespace ?? '';
    byNamespace.set(namespace, (byNamespace.get(namespace) ?? 0) + 1);
    if (shown < MAX_SHOWN_REJECTS_PER_CODE) {
      const { known } = this.#lines;
      const placed = { ...reject, line: reject.line + (known ?? 0) };
      const relative = known === undefined ? ' (line of its range)' : '';
      this.options.onEvent?.({ type: 'reject', message: describeReject(placed) + relative, reject: placed });
    } else if (shown === MAX_SHOWN_REJECTS_PER_CODE) {
      this.options.onEvent?.({
        type: 'note',
        message: `More records are rejected with ${reject.code}; they are counted, and kept in the rejects file.`,
      });
    }
  }
}

/** Throws when more were rejected than the maximum, a count or a share, allows. */
export function checkRejectLimit(limit: RejectLimit, rejects: RejectCounts, records: number): void {
  if ('count' in limit) {
    if (rejects.total > limit.count) throw tooManyRejects(`at most ${limit.count}`, `${rejects.total}`, rejects.byCode);
    return;
  }
  if (rejects.total === 0) return;
  const share = rejects.total / (rejects.total + records);
  if (share > limit.share) {
    throw tooManyRejects(
      `at most ${limit.share * 100}% of the records`,
      `${(share * 100).toFixed(2)}%`,
      rejects.byCode,
    );
  }
}

/** The error that a single reject ends a run with. */
export function rejectedError(reject: Reject): PineloadError {
  const { source, line, id, field, expected, got, code } = reject;
  return new PineloadError('RECORD_REJECTED', {
    message: `${RULES[code].title} [${code}]`,
    source,
    line,
    expected,
    got,
    ...(id === undefined ? {} : { id }),
    ...(field === undefined ? {} : { field }),
    hint: 'Mend the record, or run again with --on-error skip: rejected records then go to rejects.jsonl.',
  });
}

function tooManyRejects(expected: string, got: string, byCode: Readonly<Record<string, number>>): PineloadError {
  const codes = Object.entries(byCode).map(([code, count]) => `${code} ${count}`);
  return new PineloadError('TOO_MANY_REJECTS', {
    expected,
    got: `${got}: ${codes.join(', ')}`,
    hint: 'The rejects file tells why each was rejected; --max-rejects sets the maximum.',
  });
}

/** Removes what earlier runs left. */
export async function clearRejects(state: ObjectStore, signal?: AbortSignal): Promise<void> {
  await deletePrefix(state, 'rejects', signal);
}
