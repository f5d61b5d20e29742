import { parseBytes } from '../base/bytes.js';
import { PineloadError } from '../base/errors.js';

/** Every limit of the service that pineload keeps to, with its source and the date of the copy that was read. */

/** Record ids: 1–512 characters. docs.pinecone.io/reference/api/database-limits (2026-07); OpenAPI 2026-04 `Vector.id`. */
export const MAX_ID_LENGTH = 512;
/** Namespace names: ≤ 512 characters, ASCII except NUL. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_NAMESPACE_LENGTH = 512;
/** Dense dimension ≤ 20,000. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_DIMENSION = 20_000;
/** Non-zero entries of a sparse vector: 2,048 in the docs since late 2025 (1,000 in the OpenAPI file). */
export const MAX_SPARSE_ENTRIES = 2_048;
/** Metadata of a record: 40 KB of UTF-8 JSON. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_METADATA_BYTES = 40 * 1024;
/** Size of one Parquet file, decimal GB. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_FILE_BYTES = 10_000_000_000;
/** Files of one import. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_FILES_PER_IMPORT = 100_000;
/** Namespaces of one import. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_NAMESPACES_PER_IMPORT = 10_000;
/** Input of one import for on-demand indexes, decimal TB. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_IMPORT_BYTES = 1_000_000_000_000;
/**
 * Size of one namespace of an import: 500 GB in older tables (2025-08 to 2026-06), gone from the newest. So it is worth a warning.
 */
export const WARN_NAMESPACE_BYTES = 500_000_000_000;
/** Import URI: 1–1,500 characters. OpenAPI 2026-04 `StartImportRequest.uri`. */
export const MAX_URI_LENGTH = 1_500;
/** Name of the default namespace in import directories and API paths (API versions from 2025-04). */
export const DEFAULT_NAMESPACE = '__default__';

/** What one import may hold. Plans and indexes differ, and limits move: each can be overridden. */
export interface ImportLimits {
  /** Default MAX_IMPORT_BYTES; indexes with dedicated read nodes are said to have none. */
  readonly maxImportBytes?: number | undefined;
  /** Default MAX_FILES_PER_IMPORT. */
  readonly maxImportFiles?: number | undefined;
  /** Default MAX_NAMESPACES_PER_IMPORT. */
  readonly maxImportNamespaces?: number | undefined;
  /** Bytes of one file. Default MAX_FILE_BYTES. */
  readonly maxImportFileBytes?: number | undefined;
  /** Bytes of one namespace, above which there is a warning. Default WARN_NAMESPACE_BYTES. */
  readonly maxImportNamespaceBytes?: number | undefined;
  /** Characters of the URI. Default MAX_URI_LENGTH. */
  readonly maxImportUriLength?: number | undefined;
}

/** What one record may hold, where the service has come to take more or less than is published. */
export interface RecordLimits {
  /** Characters of an id. Default MAX_ID_LENGTH. */
  readonly idLength?: number | undefined;
  /** Characters of a namespace's name. Default MAX_NAMESPACE_LENGTH. */
  readonly namespaceLength?: number | undefined;
  /** Numbers of a dense vector. Default MAX_DIMENSION. */
  readonly dimension?: number | undefined;
  /** Entries of a sparse vector. Default MAX_SPARSE_ENTRIES. */
  readonly sparseEntries?: number | undefined;
  /** Bytes of the metadata's JSON text. Default MAX_METADATA_BYTES. */
  readonly metadataBytes?: number | undefined;
}

/** A limit as it is listed. */
export interface LimitInfo {
  /** What is limited, in words. */
  readonly title: string;
  readonly value: number;
  readonly unit: string;
  readonly source: string;
  /** Month of the copy that was read. */
  readonly read: string;
  /** How it is overridden on the command line. */
  readonly flag: string;
  /** The same in the library. */
  readonly option: string;
}

const LIMITS_PAGE = 'docs.pinecone.io/reference/api/database-limits';

const ofRecords = (name: string, option: keyof RecordLimits, title: string, value: number, unit: string) => ({
  title,
  value,
  unit,
  source: LIMITS_PAGE,
  read: '2026-07',
  flag: `--limits ${name}=N`,
  option: `limits.${option}`,
});

const ofImports = (flag: string, option: string, title: string, value: number, unit: string) => ({
  title,
  value,
  unit,
  source: LIMITS_PAGE,
  read: '2026-07',
  flag,
  option,
});

/** All limits, for docs and listings. */
export const LIMITS: readonly LimitInfo[] = [
  ofRecords('id-length', 'idLength', 'id of a record', MAX_ID_LENGTH, 'characters'),
  ofRecords('dimension', 'dimension', 'dense vector', MAX_DIMENSION, 'numbers'),
  {
    ...ofRecords('sparse-entries', 'sparseEntries', 'sparse vector', MAX_SPARSE_ENTRIES, 'entries'),
    source: `${LIMITS_PAGE}; 1,000 in the OpenAPI file of 2026-04`,
  },
  ofRecords('metadata-bytes', 'metadataBytes', 'metadata of a record, as JSON text', MAX_METADATA_BYTES, 'bytes'),
  ofRecords('namespace-length', 'namespaceLength', 'name of a namespace', MAX_NAMESPACE_LENGTH, 'characters'),
  ofImports('--max-import-file-size', 'maxImportFileSize', 'one Parquet file', MAX_FILE_BYTES, 'bytes'),
  ofImports('--max-import-files', 'maxImportFiles', 'files of one import', MAX_FILES_PER_IMPORT, 'files'),
  ofImports(
    '--max-import-namespaces',
    'maxImportNamespaces',
    'namespaces of one import',
    MAX_NAMESPACES_PER_IMPORT,
    'namespaces',
  ),
  {
    ...ofImports('--max-import-size', 'maxImportSize', 'input of one import', MAX_IMPORT_BYTES, 'bytes'),
    source: `${LIMITS_PAGE}; none for indexes with dedicated read nodes`,
  },
  {
    ...ofImports(
      '--max-import-namespace-size',
      'maxImportNamespaceSize',
      'one namespace of an import (a warning)',
      WARN_NAMESPACE_BYTES,
      'bytes',
    ),
    source: 'limits pages of 2025 to 2026-06; gone from the newest',
    read: '2026-06',
  },
  {
    ...ofImports('--max-import-uri-length', 'maxImportUriLength', 'URI of an import', MAX_URI_LENGTH, 'characters'),
    source: 'Pinecone OpenAPI, StartImportRequest.uri',
    read: '2026-04',
  },
];

/** Names in `--limits`, and what they are in RecordLimits. */
const NAMES: Readonly<Record<string, keyof RecordLimits>> = {
  'id-length': 'idLength',
  'namespace-length': 'namespaceLength',
  dimension: 'dimension',
  'sparse-entries': 'sparseEntries',
  'metadata-bytes': 'metadataBytes',
};

/** Reads `metadata-bytes=60KB,sparse-entries=4096`. @throws OPTION_INVALID */
export function parseRecordLimits(text: string): RecordLimits {
  const limits: Partial<Record<keyof RecordLimits, number>> = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=').map((piece) => piece.trim());
    const key = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    if (key === undefined || value === '') {
      throw new PineloadError('OPTION_INVALID', {
        field: 'limits',
        expected: `name=value of ${Object.keys(NAMES).join(', ')}`,
        got: JSON.stringify(part),
      });
    }
    limits[key] = key === 'metadataBytes' ? parseBytes(value, 'limits') : Number(value);
  }
  checkRecordLimits(limits);
  return limits;
}

/** @throws OPTION_INVALID for a limit that is no whole number from 1 */
export function checkRecordLimits(limits: RecordLimits): void {
  for (const [name, value] of Object.entries(limits) as [string, unknown][]) {
    if (value === undefined) continue;
    const known = Object.values(NAMES).some((key) => key === name);
    if (known && Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 2 ** 31 - 1) continue;
    throw new PineloadError('OPTION_INVALID', {
      field: `limits.${name}`,
      expected: known ? 'a whole number from 1 to 2147483647' : `one of ${Object.values(NAMES).join(', ')}`,
      got: JSON.stringify(value),
    });
  }
}
