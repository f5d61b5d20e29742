import { quote } from '../base/errors.js';
import {
  MAX_FILE_BYTES,
  MAX_FILES_PER_IMPORT,
  MAX_IMPORT_BYTES,
  MAX_NAMESPACES_PER_IMPORT,
  type ImportLimits,
} from '../records/limits.js';
import { rootsOf, type Layout } from './layout.js';
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

/** Would its imports, one for each root, take all of this? Empty when they would. */
export function checkImportLimits(manifest: Manifest, limits: ImportLimits = {}): LimitFinding[] {
  return rootsOf(manifest).flatMap((root) => checkRoot(root.manifest, limits, manifest.layout));
}

function checkRoot(manifest: Manifest, limits: ImportLimits, layout: Layout | undefined): LimitFinding[] {
  const findings: LimitFinding[] = [];
  const check = (field: string, message: string, unit: string, limit: number, count: number, hint: string): void => {
    if (count <= limit) return;
    const [expected, got] = [`at most ${limit} ${unit}`, `${count} ${unit}`];
    findings.push({ severity: 'error', field, message, expected, got, hint });
  };

  const raise = ' Where your plan allows more, raise the limit by its option.';
  const spread =
    (layout?.kind === 'sets'
      ? 'Take more sets (--sets).'
      : layout?.kind === 'per-namespace'
        ? 'Spread the records over several namespaces.'
        : 'Spread the namespaces over several imports (--layout sets, with --sets).') + raise;
  const namespaces = manifest.namespaces.filter(({ files }) => files > 0).length;
  check(
    'namespaces',
    'too many namespaces for one import',
    'namespaces',
    limits.maxImportNamespaces ?? MAX_NAMESPACES_PER_IMPORT,
    namespaces,
    spread,
  );
  const larger = `Write larger files (--file-size), or else: ${spread}`;
  const files = limits.maxImportFiles ?? MAX_FILES_PER_IMPORT;
  check('files', 'too many files for one import', 'files', files, manifest.files.length, larger);
  const most = limits.maxImportBytes ?? MAX_IMPORT_BYTES;
  check('bytes', 'too much data for one import', 'bytes', most, manifest.bytes, spread);
  const largest = limits.maxImportFileBytes ?? MAX_FILE_BYTES;
  for (const { path, bytes } of manifest.files) {
    check('bytes', `the file ${quote(path)} is too large`, 'bytes', largest, bytes, 'Write smaller files.');
  }
  return findings;
}
