import { Worker } from 'node:worker_threads';
import { kernelCode } from '../kernel/wasm.js';
import type { ReadingThreadData } from './protocol.js';

/** Run from its TypeScript sources (as by tests), there is no compiled file that a thread could load. */
export const THREADS_AVAILABLE = import.meta.url.endsWith('.js');

let ahead: Worker | undefined;

/**
 * Starts a thread before it is known what it will read: that takes a tenth of a second, in which the rest of the program is loaded. If
 * nobody takes it, it ends with the process, which does not wait for it.
 */
export function startThreadAhead(): void {
  if (!THREADS_AVAILABLE || ahead !== undefined) return;
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
  const workerData: ReadingThreadData = { kernel: kernelCode() };
  return new Worker(new URL('./reading-worker.js', import.meta.url), { name: 'pineload-reader', workerData });
}
