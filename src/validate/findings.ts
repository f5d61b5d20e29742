import type { PineloadError } from '../base/errors.js';
import type { Reject } from '../records/reject.js';
import { RULES } from '../records/rule-codes.js';
import { FILE_RULES, type FileRuleCode, type FindingCode } from './file-rules.js';

/** One thing that is wrong, or may be. */
export interface ValidateFinding {
  readonly code: FindingCode;
  /** `error`: the import would fail or lose records. `warning`: it may, or sources contradict each other. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Key below the URI. */
  readonly file?: string | undefined;
  /** 0-based row in the file, as the service and pyarrow count. */
  readonly row?: number | undefined;
  readonly id?: string | undefined;
  /** Column or path in the metadata. */
  readonly field?: string | undefined;
  readonly expected?: string | undefined;
  readonly got?: string | undefined;
  readonly hint?: string | undefined;
}

/** How often a code was found. */
export interface FindingCount {
  readonly code: FindingCode;
  readonly severity: 'error' | 'warning';
  readonly count: number;
}

/** Findings of one code that are kept; the others are counted. */
export const DEFAULT_FINDINGS_PER_CODE = 10;

type Place = Partial<Omit<ValidateFinding, 'code' | 'severity' | 'message'>> & { readonly message?: string };

/** Gathers findings: counts all, keeps those of each code that come first by file and row, in whatever order they are told. */
export class FindingLog {
  readonly #byCode = new Map<string, { severity: 'error' | 'warning'; count: number; kept: ValidateFinding[] }>();

  constructor(private readonly perCode = DEFAULT_FINDINGS_PER_CODE) {}

  add(finding: ValidateFinding): void {
    let entry = this.#byCode.get(finding.code);
    if (entry === undefined) {
      entry = { severity: finding.severity, count: 0, kept: [] };
      this.#byCode.set(finding.code, entry);
    }
    entry.count++;
    if (finding.severity === 'error') entry.severity = 'error';
    const { kept } = entry;
    if (kept.length === this.perCode) {
      if (this.perCode === 0 || byPlace(finding, kept[kept.length - 1]!) >= 0) return;
      kept.pop();
    }
    let at = kept.length;
    while (at > 0 && byPlace(finding, kept[at - 1]!) < 0) at--;
    kept.splice(at, 0, finding);
  }

  /** A rule over files was broken: each says what was expected and what is there. */
  rule(code: FileRuleCode, place: Place & { readonly expected: string; readonly got: string }): void {
    const { severity, title } = FILE_RULES[code];
    this.add({ code, severity, message: title, ...place });
  }

  /** A row was rejected. */
  reject({ source, line, code, id, field, expected, got }: Reject): void {
    const { title, severity } = RULES[code];
    this.add({ code, severity, message: title, file: source, row: line - 1, id, field, expected, got });
  }

  /** A file could not be read. */
  failure(error: PineloadError, file: string): void {
    const { code, message, field, expected, got, hint } = error;
    // The error's own text begins with its place, which the finding has as data.
    const bare = message.startsWith(`${error.source}: `) ? message.slice(`${error.source}: `.length) : message;
    const text = bare.replace(/ \((?:expected|got) .*\)$/s, '').replace(/^"[^"]*": /, '');
    this.add({ code, severity: 'error', message: text, file, field, expected, got, hint });
  }

  /** Kept findings: errors first, codes in order, then by file and row. */
  get kept(): readonly ValidateFinding[] {
    return this.#sorted().flatMap(([, { kept }]) => kept);
  }

  get counts(): readonly FindingCount[] {
    return this.#sorted().map(([code, { severity, count }]) => ({ code, severity, count }));
  }

  get hasErrors(): boolean {
    return [...this.#byCode.values()].some(({ severity }) => severity === 'error');
  }

  #sorted() {
    const rank = (severity: string): number => (severity === 'error' ? 0 : 1);
    return [...this.#byCode].sort(
      ([a, x], [b, y]) => rank(x.severity) - rank(y.severity) || (a < b ? -1 : a > b ? 1 : 0),
    );
  }
}

function byPlace(a: ValidateFinding, b: ValidateFinding): number {
  const x = a.file ?? '';
  const y = b.file ?? '';
  return x === y ? (a.row ?? -1) - (b.row ?? -1) : x < y ? -1 : 1;
}
