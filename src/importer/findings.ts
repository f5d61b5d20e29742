/** One thing that was checked. */
export interface Finding {
  readonly code: FindingCode;
  /** `error`: the import would fail. `warning`: it may, or sources contradict each other. `ok`: checked and right. */
  readonly severity: 'error' | 'warning' | 'ok';
  readonly message: string;
  readonly expected?: string;
  readonly got?: string;
  readonly hint?: string;
}

export type FindingCode =
  | 'INDEX_READY'
  | 'INDEX_SERVERLESS'
  | 'INDEX_SCHEMA'
  | 'INDEX_EMBEDDING'
  | 'INDEX_DEDICATED'
  | 'DIMENSION'
  | 'VECTOR_TYPE'
  | 'METRIC'
  | 'CLOUD'
  | 'INTEGRATION'
  | 'NAMESPACES_NEW'
  | 'LIMIT_NAMESPACES'
  | 'LIMIT_FILES'
  | 'LIMIT_FILE_BYTES'
  | 'LIMIT_BYTES'
  | 'LIMIT_NAMESPACE_BYTES'
  | 'RECORDS'
  | 'DIRECTORY';

/** The tail of a finding: expected, got and hint are left out where there is nothing to say. */
export interface FindingFacts {
  readonly expected?: string | undefined;
  readonly got?: string | undefined;
  readonly hint?: string | undefined;
}

export function finding(
  severity: Finding['severity'],
  code: FindingCode,
  message: string,
  { expected, got, hint }: FindingFacts = {},
): Finding {
  return {
    code,
    severity,
    message,
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(hint === undefined ? {} : { hint }),
  };
}
