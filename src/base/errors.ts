import { CATALOGUE, type ErrorCode } from './error-catalogue.js';

export type { ErrorCode } from './error-catalogue.js';

/** The stage of the pipeline that an error comes from; also the folder under `src/` to look in. */
export type Stage =
  | 'cli'
  | 'sources'
  | 'readers'
  | 'records'
  | 'duplicates'
  | 'parquet'
  | 'writers'
  | 'uploaders'
  | 'importer'
  | 'emulator'
  | 'pipeline';

/** What an error may say besides its code. Every field is optional data, never a secret. */
export interface ErrorDetails {
  /** One sentence for people. Defaults to the catalogue's title. */
  message?: string;
  /** File, URI or API call the error is about. Never holds a query string or a key. */
  source?: string;
  /** 1-based line in `source`. */
  line?: number;
  /** Record id, as far as it is known. */
  id?: string;
  /** Field, option or column. */
  field?: string;
  expected?: string;
  got?: string;
  /** What to do next, one sentence. */
  hint?: string;
  cause?: unknown;
  /** Overrides the catalogue: may the very same call succeed later? */
  retryable?: boolean;
}

/** The one error class of pineload: data that renders both as text (`message`) and as JSON (`toJSON`). */
export class PineloadError extends Error {
  override readonly name = 'PineloadError';
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly source: string | undefined;
  readonly line: number | undefined;
  readonly id: string | undefined;
  readonly field: string | undefined;
  readonly expected: string | undefined;
  readonly got: string | undefined;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  /** Process exit code, see `exit-codes.ts`. */
  readonly exitCode: number;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const entry = CATALOGUE[code];
    super(renderError(entry.title, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.stage = entry.stage;
    this.source = details.source;
    this.line = details.line;
    this.id = details.id;
    this.field = details.field;
    this.expected = details.expected;
    this.got = details.got;
    this.hint = details.hint;
    this.retryable = details.retryable ?? entry.retryable;
    this.exitCode = entry.exitCode;
  }

  toJSON(): Record<string, unknown> {
    const { code, stage, message, source, line, id, field, expected, got, hint, retryable, exitCode } = this;
    const cause = this.cause instanceof Error ? this.cause.message : undefined;
    return { code, stage, message, source, line, id, field, expected, got, hint, retryable, exitCode, cause };
  }
}

/** `words.jsonl:812: id "a-9": "values" has a wrong length (expected 1536 numbers, got 1535 numbers)` */
function renderError(title: string, d: ErrorDetails): string {
  let where = '';
  if (d.source !== undefined) where = d.line === undefined ? `${d.source}: ` : `${d.source}:${d.line}: `;
  if (d.id) where += `id ${quote(d.id)}: `;
  if (d.field !== undefined) where += `${quote(d.field)}: `;
  const facts: string[] = [];
  if (d.expected !== undefined) facts.push(`expected ${d.expected}`);
  if (d.got !== undefined) facts.push(`got ${d.got}`);
  return where + (d.message ?? title) + (facts.length > 0 ? ` (${facts.join(', ')})` : '');
}

/**
 * Quotes text that came from outside for a message on screen: control characters (terminal escapes among them) come out
 * as \u escapes, long text is cut.
 */
export function quote(text: string, max = 120): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Text of ours that may repeat text from outside: whatever a terminal would obey comes out as an escape. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Turns whatever was thrown into a PineloadError, leaving those that already are as they are. */
export function toPineloadError(thrown: unknown): PineloadError {
  if (thrown instanceof PineloadError) return thrown;
  if (thrown instanceof Error) return new PineloadError('UNEXPECTED', { message: thrown.message, cause: thrown });
  return new PineloadError('UNEXPECTED', { message: String(thrown) });
}
