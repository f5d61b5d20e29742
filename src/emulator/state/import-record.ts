export type EmulatorImportStatus = 'Pending' | 'InProgress' | 'Failed' | 'Completed' | 'Cancelled';

/** One import; plain data, kept in the state file as it is. */
export interface ImportRecord {
  readonly id: string;
  readonly uri: string;
  readonly integrationId: string | undefined;
  readonly onError: 'abort' | 'continue';
  status: EmulatorImportStatus;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  finishedAt: string | undefined;
  /** 0–100. */
  percentComplete: number;
  recordsImported: number;
  /** Not told by the API: the service says nothing of skipped records. */
  recordsSkipped: number;
  error: string | undefined;
}

export function isFinished(record: ImportRecord): boolean {
  return record.status !== 'Pending' && record.status !== 'InProgress';
}
