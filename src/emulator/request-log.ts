import type { Operation } from './faults.js';

/** One request, as the log shows it. */
export interface LoggedRequest {
  readonly operation: Operation;
  readonly index: string | undefined;
  readonly status: number;
  readonly acted: boolean;
  readonly apiVersion: string | undefined;
}

/** Calls of one kind. */
export interface OperationCount {
  /** Requests that came in. */
  received: number;
  /** Requests that were carried out, whatever was answered. */
  acted: number;
}

/** Answer of `GET /__emulator/log`. */
export interface EmulatorLog {
  /** Imports that really began, all indexes together. */
  readonly importsStarted: number;
  readonly operations: Readonly<Partial<Record<Operation, OperationCount>>>;
  /** The last MAX_LOGGED requests, oldest first. */
  readonly requests: readonly LoggedRequest[];
}

/** Requests that the log keeps one by one; the counts go on. */
export const MAX_LOGGED = 1000;

export class RequestLog {
  readonly #operations: Partial<Record<Operation, OperationCount>> = {};
  readonly #requests: LoggedRequest[] = [];
  importsStarted = 0;

  add(request: LoggedRequest): void {
    const count = (this.#operations[request.operation] ??= { received: 0, acted: 0 });
    count.received++;
    if (request.acted) count.acted++;
    this.#requests.push(request);
    if (this.#requests.length > MAX_LOGGED) this.#requests.shift();
  }

  snapshot(): EmulatorLog {
    return {
      importsStarted: this.importsStarted,
      operations: structuredClone(this.#operations),
      requests: [...this.#requests],
    };
  }
}
