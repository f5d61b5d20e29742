import { Worker } from 'node:worker_threads';
import { cpuCount } from '../../base/machine.js';
import { kernelCode } from '../../readers/kernel/wasm.js';
import type { ThreadData } from './protocol.js';

/** Run from its TypeScript sources (as by tests), there is no compiled file that a thread could load. */
export const THREADS_AVAILABLE = import.meta.url.endsWith('.js');

/**
 * MB of young objects in a thread: no more than it begins with. By V8's own limit, 48, it grows as long as it reads, and little of what a
 * thread makes is an object at all.
 */
const YOUNG_GENERATION_MB = 6;

let ahead: Worker | undefined;

/**
 * Starts a thread before it is known what it will read: that takes a tenth of a second, in which the rest of the program is loaded. If
 * nobody takes it, it ends with the process, which does not wait for it.
 *
 * @param workers as stated; with one there are no threads, and neither are there by default where there is one CPU
 */
export function startThreadAhead(workers: number | undefined): void {
  if (!THREADS_AVAILABLE || ahead !== undefined || workers === 1 || cpuCount() === 1) return;
  ahead = start();
  ahead.unref();
}

/** The thread that was started ahead, else a new one. */
export function takeThread(): Worker {
  const thread = ahead ?? start();
  ahead = undefined;
  thread.ref();
  return thread;
}

function start(): Worker {
  const workerData: ThreadData = { kernel: kernelCode() };
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
  const file = new URL('./worker.cjs', import.meta.url);
  return new Worker(file, { name: 'pineload-worker', workerData, resourceLimits });
}
