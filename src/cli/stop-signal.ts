import { EXIT } from '../base/exit-codes.js';

/** The signals by which schedulers (SIGTERM) and people (SIGINT) stop a process. */
export type StopSignal = 'SIGINT' | 'SIGTERM';
type Listener = (signal: StopSignal) => void;

let received: StopSignal | undefined;
let listener: Listener | undefined;

/** Exit code after a stop: 128 + the signal's number, as shells have it. */
export function stopExitCode(signal: StopSignal): number {
  return signal === 'SIGTERM' ? EXIT.SIGTERM : EXIT.SIGINT;
}

/**
 * Called before anything else is loaded. In a container pineload is process 1, to which the kernel delivers no signal that it
 * has no handler for (pid_namespaces(7)): a SIGTERM during start-up would be lost, and the pod killed at the end of its grace
 * time.
 */
export function watchStopSignals(): void {
  process.on('SIGINT', take);
  process.on('SIGTERM', take);
}

function take(signal: NodeJS.Signals): void {
  const stop = signal as StopSignal;
  // The second one leaves at once, whatever is under way.
  if (received !== undefined) process.exit(stopExitCode(stop));
  received = stop;
  listener?.(stop);
}

/** Tells a command of the stop, also of one that came before it began. The result ends that. */
export function onStop(told: Listener): () => void {
  listener = told;
  if (received !== undefined) told(received);
  return () => {
    listener = undefined;
  };
}
