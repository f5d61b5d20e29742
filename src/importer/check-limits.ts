import { quote } from '../base/errors.js';
import {
  MAX_FILES_PER_IMPORT,
  MAX_FILE_BYTES,
  MAX_IMPORT_BYTES,
  MAX_NAMESPACES_PER_IMPORT,
  WARN_NAMESPACE_BYTES,
  type ImportLimits,
} from '../records/limits.js';
import type { Manifest } from '../writers/manifest.js';
import { finding, type Finding, type FindingCode } from './findings.js';

/** Is the import within what the service takes at once? */
export function checkLimits(manifest: Manifest, limits: ImportLimits = {}): Finding[] {
  const largest = manifest.files.reduce((most, file) => Math.max(most, file.bytes), 0);
  const findings = [
    atMost(
      'LIMIT_NAMESPACES',
      'namespaces',
      manifest.namespaces.length,
      limits.maxImportNamespaces ?? MAX_NAMESPACES_PER_IMPORT,
    ),
    atMost('LIMIT_FILES', 'files', manifest.files.length, limits.maxImportFiles ?? MAX_FILES_PER_IMPORT),
    atMost('LIMIT_FILE_BYTES', 'bytes in the largest file', largest, limits.maxImportFileBytes ?? MAX_FILE_BYTES),
    atMost('LIMIT_BYTES', 'bytes in all', manifest.bytes, limits.maxImportBytes ?? MAX_IMPORT_BYTES),
  ];
  if (manifest.records === 0) {
    findings.push(finding('error', 'RECORDS', 'there is nothing to import', { expected: 'records', got: 'none' }));
  }
  const most = limits.maxImportNamespaceBytes ?? WARN_NAMESPACE_BYTES;
  for (const { namespace, bytes } of manifest.namespaces) {
    if (bytes <= most) continue;
    findings.push(
      finding('warning', 'LIMIT_NAMESPACE_BYTES', `namespace ${quote(namespace)} is larger than some limits allow`, {
        expected: `at most ${most} bytes`,
        got: `${bytes} bytes`,
      }),
    );
  }
  return findings;
}

function atMost(code: FindingCode, what: string, got: number, limit: number): Finding {
  if (got <= limit) return finding('ok', code, `${got} ${what}, at most ${limit} are taken`);
  return finding('error', code, `too many ${what} for one import`, {
    expected: `at most ${limit}`,
    got: String(got),
    hint: 'Split the data over several imports (--layout sets); where your plan allows more, raise the limit by its option.',
  });
}
