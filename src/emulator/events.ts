/** What the emulator has to say while it runs: one line per request, one per change of an import. */
export type EmulatorEvent =
  | {
      readonly type: 'request';
      readonly method: string;
      /** Without the query string, which may hold ids. */
      readonly path: string;
      /** Index that was addressed; undefined for the control plane. */
      readonly index: string | undefined;
      readonly operation: string;
      /** HTTP status, or 0 when a fault dropped the connection. */
      readonly status: number;
      readonly ms: number;
      /** Value of `X-Pinecone-Api-Version`, as sent. */
      readonly apiVersion: string | undefined;
      /** Fault that was played on this request. */
      readonly fault: string | undefined;
    }
  | {
      readonly type: 'import';
      readonly index: string;
      readonly id: string;
      readonly status: string;
      readonly recordsImported: number;
      readonly recordsSkipped: number;
      /** Text of the import's `error` field. */
      readonly error: string | undefined;
      /** Where it happened, in more words than the service has: whole path of the file, row. */
      readonly detail: string | undefined;
    };

export type EmulatorListener = (event: EmulatorEvent) => void;

/** The event as one line of text. */
export function renderEmulatorEvent(event: EmulatorEvent): string {
  if (event.type === 'request') {
    const where = event.index === undefined ? '' : ` [${event.index}]`;
    const fault = event.fault === undefined ? '' : ` fault:${event.fault}`;
    const status = event.status === 0 ? 'dropped' : String(event.status);
    return `${event.method} ${event.path}${where} ${status} ${event.ms.toFixed(0)} ms${fault}`;
  }
  const counts = `${event.recordsImported} imported, ${event.recordsSkipped} skipped`;
  const detail = event.detail === undefined ? '' : ` (${event.detail})`;
  const error = event.error === undefined ? '' : `: ${event.error}`;
  return `import ${event.id} [${event.index}] ${event.status}, ${counts}${error}${detail}`;
}
