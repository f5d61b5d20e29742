import { quote } from '../base/errors.js';
import type { ReaderConfig } from '../readers/reader.js';
import type { Layout } from '../writers/layout.js';
import type { VectorKind } from '../records/batch.js';
import type { Source } from '../sources/source.js';
import type { PlanOptions } from './plan-options.js';

/** An input as the plan freezes it. */
export interface PlanInput {
  readonly name: string;
  readonly format: Source['format'] | 'records';
  /** `auto`: the first bytes will tell, when it is read. */
  readonly compression: Source['compression'] | 'auto';
  readonly bytes: number | undefined;
  readonly version: string | undefined;
  /** For an object in a store: how many characters of `name` are its directory. */
  readonly rootLength?: number | undefined;
  /** The header row of a CSV file that is cut into ranges. */
  readonly header?: string | undefined;
}

/** An input, or a share of an uncompressed JSONL (with conditions: CSV) file. */
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
  /** The import directory as it is shown, where the state does not lie beside it. */
  readonly to?: string | undefined;
  readonly inputs: readonly PlanInput[];
  readonly splits: readonly Split[];
  /** The mapping in force, found in the first records. The header of a CSV file stands in for that of each file. */
  readonly mapping: ReaderConfig | RecordsMapping;
  /** What was stated; the mapping of a CSV file with another header than the first is made of it. */
  readonly options: PlanOptions;
  readonly output: {
    readonly fileBytes: number;
    readonly rowGroupBytes: number;
    readonly maxRecordBytes: number;
    readonly onError: string;
    /** Size of the parts that objects are sent in: what was stored in others could not be gone on with. Undefined: a local directory. */
    readonly partBytes?: number | undefined;
    /** Past so many splits, small row groups are staged. */
    readonly maxFilesPerNamespace: number;
    /** Small files in all that are written as they are, however many splits there are. */
    readonly directSmallFiles: number;
    /** Undefined: flat. */
    readonly layout?: Layout | undefined;
    /** `allow`: nothing is noted by which duplicates could be found. */
    readonly duplicates?: 'allow' | undefined;
  };
}

/** The layout as a plan has it: plans of the flat one, which came first, say nothing of it. */
export function planLayout(layout: Layout): Pick<Plan['output'], 'layout'> {
  return layout.kind === 'flat' ? {} : { layout };
}

/** Plans of modes that look for duplicates are the same: which of them is decided in the end. */
export function planDuplicates(duplicates: string | undefined): Pick<Plan['output'], 'duplicates'> {
  return duplicates === 'allow' ? { duplicates } : {};
}

export const PLAN_KEY = 'plan.json';

export function planInput(source: Source, compression = source.statedCompression ?? source.compression): PlanInput {
  const { name, format, bytes, version, rootLength } = source;
  return { name, format, compression, bytes, version, ...(rootLength === undefined ? {} : { rootLength }) };
}

/** A piece on its way into a split. */
interface SizedPiece {
  readonly piece: SplitPiece;
  readonly bytes: number;
}

/**
 * Gathers pieces, in order, into splits of up to `splitBytes` stored bytes; a larger piece is a split of its own.
 *
 * @param cuts for an input that is cut into ranges: where they begin, 0 first
 */
export function planSplits(
  inputs: readonly PlanInput[],
  splitBytes: number,
  cuts: (input: number) => readonly number[] | undefined = () => undefined,
): Split[] {
  const splits: Split[] = [];
  let current: SplitPiece[] = [];
  let size = 0;
  const close = (): void => {
    if (current.length > 0) splits.push({ index: splits.length, pieces: current });
    current = [];
    size = 0;
  };
  for (let i = 0; i < inputs.length; i++) {
    for (const { piece, bytes } of piecesOf(i, inputs[i]!.bytes, cuts(i))) {
      if (current.length > 0 && size + bytes > splitBytes) close();
      current.push(piece);
      size += bytes;
    }
  }
  close();
  return splits;
}

function piecesOf(input: number, bytes = Infinity, starts?: readonly number[]): SizedPiece[] {
  if (starts === undefined || starts.length < 2) return [{ piece: { input }, bytes }];
  return starts.map((start, i) => {
    const end = starts[i + 1] ?? bytes;
    return { piece: { input, range: [start, end] as const }, bytes: end - start };
  });
}

/**
 * How many files of less than a row group one split may write; past it, it stages their row groups. It follows from the plan alone: with no
 * more splits than a namespace may have small files there is nothing to fear; else each split gets its share of those that do no harm.
 */
export function maxSmallFiles({ splits, output }: Plan): number {
  const { maxFilesPerNamespace, directSmallFiles } = output;
  return splits.length <= maxFilesPerNamespace ? Infinity : Math.floor(directSmallFiles / splits.length);
}

/** Stored bytes of all inputs, those aside that do not tell. */
export function storedBytes({ inputs }: Pick<Plan, 'inputs'>): number {
  return inputs.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
}

/** Stored bytes that a piece stands for; 0 when that is not known. */
export function pieceBytes({ input, range }: SplitPiece, plan: Plan): number {
  return range === undefined ? (plan.inputs[input]!.bytes ?? 0) : range[1] - range[0];
}

/** Standard input cannot be read twice: a run with it has nothing to compare and nothing to go on from. */
export function isRepeatable(plan: Plan): boolean {
  return plan.inputs.every((input) => input.version !== undefined);
}

/**
 * The first difference between two plans in words, undefined when they are the same. What was stated does not count, only what it came
 * to: a default that is said aloud is no other plan.
 */
export function planDifference(before: Plan, now: Plan): string | undefined {
  // Who allows duplicates needs nothing of what was noted to find them.
  const duplicates = now.output.duplicates === 'allow' ? before.output.duplicates : undefined;
  const output = { ...now.output, duplicates };
  const difference = differenceOf({ ...before, options: undefined }, { ...now, options: undefined, output });
  if (difference === undefined) return undefined;
  const { path, was, is } = difference;
  const [, input, field] = /^\.inputs\.(\d+)\.(\w+)$/.exec(path) ?? [];
  if (path === '.pineload') return `it was begun by pineload ${String(was)}, this is ${String(is)}`;
  if (input === undefined) return `plan${path} was ${show(was)}, is ${show(is)}`;
  const name = quote(before.inputs[Number(input)]!.name);
  if (field === 'bytes') return `${name} had ${String(was)} bytes, has ${String(is)}`;
  if (field === 'version') return `${name} was ${asVersion(was)}, is ${asVersion(is)}`;
  return `plan${path} (${name}) was ${show(was)}, is ${show(is)}`;
}

/** What can be done about it besides what always can: to go on needs what the plan was made from. */
export function toGoOn(before: Plan, now: Plan): string {
  if (before.pineload !== now.pineload) return `Finish it with pineload ${before.pineload}`;
  const changed = differenceOf(before.inputs, now.inputs) !== undefined;
  return changed ? 'Finish it with the inputs as they were' : 'Run the first command again to finish it';
}

/** Of a file the time of its last change, of an object its ETag or generation. */
function asVersion(version: unknown): string {
  const nanoseconds = /^(\d+)\d{6}ns$/.exec(String(version));
  return nanoseconds === null
    ? `version ${show(version)}`
    : `changed at ${new Date(Number(nanoseconds[1])).toISOString()}`;
}

interface Difference {
  readonly path: string;
  readonly was: unknown;
  readonly is: unknown;
}

/** The path is put together on the way back, not for each of a plan's many values. */
function differenceOf(was: unknown, is: unknown): Difference | undefined {
  if (typeof was === 'object' && typeof is === 'object' && was !== null && is !== null) {
    const before = was as Record<string, unknown>;
    const now = is as Record<string, unknown>;
    for (const fields of [before, now]) {
      for (const key in fields) {
        if (fields === now && Object.hasOwn(before, key)) continue;
        const inside = differenceOf(before[key], now[key]);
        if (inside !== undefined) return { ...inside, path: `.${key}${inside.path}` };
      }
    }
    return undefined;
  }
  return was === is ? undefined : { path: '', was, is };
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
