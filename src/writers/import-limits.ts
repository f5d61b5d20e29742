import { quote } from '../base/errors.js';
import {
  MAX_FILE_BYTES,
  MAX_FILES_PER_IMPORT,
  MAX_IMPORT_BYTES,
  MAX_NAMESPACES_PER_IMPORT,
} from '../records/limits.js';
import type { Manifest } from './manifest.js';

/** A limit of the service that the files would exceed; the details of a LIMIT_EXCEEDED error. */
export interface LimitFinding {
  readonly severity: 'error' | 'warning';
  readonly field: string;
  readonly message: string;
  readonly expected: string;
  readonly got: string;
  readonly hint?: string;
}

/** Would one import take all of this? Empty when it would. */
export function checkImportLimits(manifest: Manifest): LimitFinding[] {
  const findings: LimitFinding[] = [];
  const check = (field: string, message: string, unit: string, limit: number, count: number, hint: string): void => {
    if (count <= limit) return;
    const [expected, got] = [`at most ${limit} ${unit}`, `${count} ${unit}`];
    findings.push({ severity: 'error', field, message, expected, got, hint });
  };

  const spread = 'Spread the namespaces over several imports.';
  const namespaces = manifest.namespaces.filter(({ files }) => files > 0).length;
  check(
    'namespaces',
    'too many namespaces for one import',
    'namespaces',
    MAX_NAMESPACES_PER_IMPORT,
    namespaces,
    spread,
  );
  const larger = 'Write larger files, or spread the namespaces over several imports.';
  check('files', 'too many files for one import', 'files', MAX_FILES_PER_IMPORT, manifest.files.length, larger);
  check('bytes', 'too much data for one import', 'bytes', MAX_IMPORT_BYTES, manifest.bytes, spread);
  for (const { path, bytes } of manifest.files) {
    check('bytes', `the file ${quote(path)} is too large`, 'bytes', MAX_FILE_BYTES, bytes, 'Write smaller files.');
  }
  return findings;
}
