import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { formatBytes } from '../base/bytes.js';
import { PineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import { pieceBytes, type Plan, type Split } from './plan.js';

/** A number in text takes ten bytes or more (eight digits, a point, a comma), and four as float32; ids and metadata stay as long. */
export const SPILLED_SHARE_OF_TEXT = 0.5;
/** Vectors as text compress to about a third with gzip and zstd; one more for records that compress better. */
export const DECOMPRESSED_SHARE = 4;

/** What decides how much a split may spill. */
export interface ScratchFacts {
  /** Stored bytes of the largest split; undefined where the size of an input is not known. */
  readonly splitBytes: number | undefined;
  /** Some input is compressed. */
  readonly compressed: boolean;
  /** All records go to one namespace: its row groups are written as they fill, nothing waits. */
  readonly oneNamespace: boolean;
  /** Gathered records that fit the memory. */
  readonly maxBufferedBytes: number;
  /** Splits that are worked on at once. Default 1. */
  readonly splitsAtOnce?: number | undefined;
}

/**
 * Bytes of temporary files that a conversion may need at once, at the most by these estimates: all records of a split, where
 * they are spread over so many namespaces that none of them fills a row group. Undefined where it cannot be told.
 */
export function scratchNeeded(facts: ScratchFacts): number | undefined {
  const { splitBytes, compressed, oneNamespace, maxBufferedBytes, splitsAtOnce = 1 } = facts;
  if (oneNamespace) return 0;
  if (splitBytes === undefined) return undefined;
  const gathered = splitBytes * (compressed ? DECOMPRESSED_SHARE : 1) * SPILLED_SHARE_OF_TEXT;
  // Half of the memory is freed at a time, so less than that never goes to disk.
  return gathered <= maxBufferedBytes / 2 ? 0 : Math.ceil(gathered) * splitsAtOnce;
}

/** The facts of those splits of a plan that are still to be done. */
export function scratchFacts(plan: Plan, splits: readonly Split[], maxBufferedBytes: number): ScratchFacts {
  const pieces = splits.flatMap((split) => split.pieces);
  const inputs = pieces.map(({ input }) => plan.inputs[input]!);
  const sizes = splits.map((split) => split.pieces.reduce((sum, piece) => sum + pieceBytes(piece, plan), 0));
  const { mapping } = plan;
  return {
    splitBytes: inputs.some(({ bytes }) => bytes === undefined) ? undefined : sizes.reduce((a, b) => Math.max(a, b), 0),
    // `auto` is told by the first bytes only.
    compressed: inputs.some(({ compression }) => compression !== 'none' && compression !== 'auto'),
    oneNamespace: mapping.format !== 'records' && mapping.namespace.every((part) => typeof part === 'string'),
    maxBufferedBytes,
  };
}

export interface ScratchOptions {
  /** Default: the system's directory for temporary files. */
  readonly tmpDir?: string | undefined;
  /** Go on with too little room. Default true: do not. */
  readonly tmpCheck?: boolean | undefined;
  readonly onEvent?: EventListener | undefined;
}

/**
 * Looks, before anything is read, whether temporary files will find room: hours later is too late to learn it.
 *
 * @throws SCRATCH_TOO_SMALL with need and have; with `tmpCheck: false` it is a warning
 */
export async function checkScratchSpace(facts: ScratchFacts, options: ScratchOptions): Promise<void> {
  const need = scratchNeeded(facts);
  if (need === 0) return;
  const directory = options.tmpDir ?? tmpdir();
  const problem = await findProblem(directory, need);
  if (problem === undefined) return;
  // Where the size of the input is not known, nothing may ever be spilled: that is no reason to stop.
  if (need !== undefined && options.tmpCheck !== false) throw problem;
  options.onEvent?.({ type: 'warning', code: problem.code, message: problem.message });
}

async function findProblem(directory: string, need: number | undefined): Promise<PineloadError | undefined> {
  const details = {
    source: directory,
    hint: 'Name another directory with --tmp-dir, make --split-size smaller, or go on with --no-tmp-check.',
  };
  try {
    await access(directory, constants.W_OK);
    const { bavail, bsize } = await statfs(directory);
    const have = bavail * bsize;
    if (need === undefined || have >= need) return undefined;
    return new PineloadError('SCRATCH_TOO_SMALL', {
      ...details,
      message: 'too little room for temporary files',
      expected: `up to ${formatBytes(need)}`,
      got: formatBytes(have),
    });
  } catch (cause) {
    return new PineloadError('SCRATCH_TOO_SMALL', {
      ...details,
      message: 'temporary files cannot be written',
      expected: need === undefined ? 'a directory that can be written' : `room for up to ${formatBytes(need)}`,
      got: (cause as NodeJS.ErrnoException).code ?? 'an error',
      cause,
    });
  }
}
