import { cpuCount } from '../base/machine.js';
import { ByteBudget } from '../uploaders/byte-budget.js';
import type { Turns } from '../uploaders/object-store.js';
import { DEFAULT_MAX_OPEN_OBJECTS } from '../writers/split-options.js';
import {
  memoryBudget,
  MIN_BUFFER_BYTES,
  positiveCount,
  RESERVED_MEMORY_BYTES,
  WORKER_MEMORY_BYTES,
} from './options.js';
import { STATE_PART_BYTES, STREAM_PART_BYTES, STREAM_PARTS_IN_FLIGHT } from './stores.js';

/** Gathered rows for each open object, in parts: with less memory fewer are open, and what waits goes to disk. */
export const ROWS_PER_OPEN_OBJECT = 1.25;

/** What a store's SDK, its requests and their sockets take besides the parts. */
export const STORE_MEMORY_BYTES = 20_000_000;

/** What `maxMemory` is spent on in a conversion, besides RESERVED_MEMORY_BYTES, WORKER_MEMORY_BYTES for each thread and STORE_MEMORY_BYTES. */
export interface MemoryShares {
  /** Reading threads. */
  readonly workers: number;
  /** Bytes of gathered rows. */
  readonly gatheredBytes: number;
  /** Objects open at once while records come in, each with a part that is being filled. Undefined: a local directory. */
  readonly openObjects?: number | undefined;
  /** Parts of all of them together that are on the way at once. Undefined: a local directory. */
  readonly partsOnTheWay?: number | undefined;
}

export interface MemorySharesInput {
  readonly maxMemory?: number | string | undefined;
  readonly workers?: number | undefined;
  /** The files go to an object store, which holds parts of them in memory. */
  readonly remote: boolean;
  /** Bytes. Default STREAM_PART_BYTES. */
  readonly partSize?: number | undefined;
  /** Stated, of one object. */
  readonly parts?: number | undefined;
  /** Default: those that may be used. */
  readonly cpus?: number | undefined;
}

/**
 * Divides the memory. Threads come first, as many as there are CPUs, as far as the least of everything else still fits: gathered rows, a part
 * that is filled, and in a store one more on its way. Of what is left, up to a half is for parts on the way; the rest is shared by
 * open objects and the rows gathered for them.
 */
export function shareMemory(input: MemorySharesInput): MemoryShares {
  const { remote, cpus = cpuCount() } = input;
  const memory = memoryBudget(input.maxMemory) - RESERVED_MEMORY_BYTES - (remote ? STORE_MEMORY_BYTES : 0);
  const partBytes = Math.max(input.partSize ?? STREAM_PART_BYTES, STATE_PART_BYTES);
  const least = MIN_BUFFER_BYTES + (remote ? 2 * partBytes : 0);
  const fitting = Math.max(1, Math.min(cpus, Math.floor((memory - least) / WORKER_MEMORY_BYTES)));
  const workers = positiveCount(input.workers, 'workers') ?? fitting;
  const room = memory - workers * WORKER_MEMORY_BYTES;
  if (!remote) return { workers, gatheredBytes: Math.max(MIN_BUFFER_BYTES, room) };
  const most = positiveCount(input.parts, 'parts') ?? STREAM_PARTS_IN_FLIGHT;
  const partsOnTheWay = within(1, most, (room - MIN_BUFFER_BYTES) / (2 * partBytes));
  const perObject = partBytes * (1 + ROWS_PER_OPEN_OBJECT);
  const openObjects = within(1, DEFAULT_MAX_OPEN_OBJECTS, (room - partsOnTheWay * partBytes) / perObject);
  const gatheredBytes = Math.max(MIN_BUFFER_BYTES, room - (openObjects + partsOnTheWay) * partBytes);
  return { workers, gatheredBytes, openObjects, partsOnTheWay };
}

/** What shares out the places of parts on the way, among all that write at once; undefined: there is no such limit. */
export function partTurns(partsOnTheWay: number | undefined): Turns | undefined {
  return partsOnTheWay === undefined ? undefined : new ByteBudget(partsOnTheWay);
}

const within = (least: number, most: number, value: number): number =>
  Math.max(least, Math.min(most, Math.floor(value)));
