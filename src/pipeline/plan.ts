import type { ReaderConfig } from '../readers/reader.js';
import type { Layout } from '../writers/layout.js';
import type { VectorKind } from '../records/batch.js';
import type { Source } from '../sources/source.js';

/** An input as the plan freezes it. */
export interface PlanInput {
  readonly name: string;
  readonly format: Source['format'] | 'records';
  readonly compression: Source['compression'];
  readonly bytes: number | undefined;
  readonly version: string | undefined;
}

/** An input, or a share of a plain JSONL file. */
export interface SplitPiece {
  /** Position in `plan.inputs`. */
  readonly input: number;
  /** The lines whose first byte lies in `[start, end)`. Absent: all of the input. */
  readonly range?: readonly [start: number, end: number] | undefined;
}

/** A share of the input: finished or not, never half. */
export interface Split {
  readonly index: number;
  /** Read one after the other. */
  readonly pieces: readonly SplitPiece[];
}

/** Records from memory need no mapping; only their kind is settled. */
export interface RecordsMapping {
  readonly format: 'records';
  readonly kind: VectorKind;
  readonly dimension: number;
}

/** Everything that decides what a run writes, frozen by its first act. */
export interface Plan {
  readonly format: 'pineload-plan';
  readonly version: 1;
  readonly pineload: string;
  readonly inputs: readonly PlanInput[];
  readonly splits: readonly Split[];
  /** The mapping in force, found in the first records. The header of a CSV file stands in for that of each file. */
  readonly mapping: ReaderConfig | RecordsMapping;
  readonly output: {
    readonly fileBytes: number;
    readonly rowGroupBytes: number;
    readonly maxRecordBytes: number;
    readonly onError: string;
    /** Undefined: flat. */
    readonly layout?: Layout | undefined;
  };
}

/** The layout as a plan has it: plans of the flat one, which came first, say nothing of it. */
export function planLayout(layout: Layout): Pick<Plan['output'], 'layout'> {
  return layout.kind === 'flat' ? {} : { layout };
}

export const PLAN_KEY = 'plan.json';

export function planInput(source: Source): PlanInput {
  const { name, format, compression, bytes, version } = source;
  return { name, format, compression, bytes, version };
}

/** Gathers whole inputs, in order, into splits of up to `splitBytes` stored bytes; a larger input is a split of its own. */
export function planSplits(inputs: readonly PlanInput[], splitBytes: number): Split[] {
  const splits: Split[] = [];
  let current: SplitPiece[] = [];
  let size = 0;
  const close = (): void => {
    if (current.length > 0) splits.push({ index: splits.length, pieces: current });
    current = [];
    size = 0;
  };
  inputs.forEach((input, i) => {
    const bytes = input.bytes ?? Infinity;
    if (current.length > 0 && size + bytes > splitBytes) close();
    current.push({ input: i });
    size += bytes;
  });
  close();
  return splits;
}

/** Stored bytes that a piece stands for; 0 when that is not known. */
export function pieceBytes({ input, range }: SplitPiece, plan: Plan): number {
  return range === undefined ? (plan.inputs[input]!.bytes ?? 0) : range[1] - range[0];
}

/** Standard input cannot be read twice: a run with it has nothing to compare and nothing to go on from. */
export function isRepeatable(plan: Plan): boolean {
  return plan.inputs.every((input) => input.version !== undefined);
}

/** The first difference between two plans in words, undefined when they are the same. */
export function planDifference(before: Plan, now: Plan): string | undefined {
  return differenceOf(before, now, 'plan');
}

function differenceOf(a: unknown, b: unknown, path: string): string | undefined {
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const left = a as Record<string, unknown>;
    const right = b as Record<string, unknown>;
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const difference = differenceOf(left[key], right[key], `${path}.${key}`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  return a === b ? undefined : `${path} was ${show(a)}, is ${show(b)}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
