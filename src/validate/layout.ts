import { quote } from '../base/errors.js';
import { DEFAULT_NAMESPACE, type RecordLimits } from '../records/limits.js';
import { namespaceCollisions, namespaceFault } from '../records/rules/namespace.js';
import { RULES } from '../records/rule-codes.js';
import type { ObjectInfo } from '../uploaders/object-store.js';
import type { FindingLog } from './findings.js';

/** A Parquet file that the service would find. */
export interface ImportFile {
  /** Below the URI. */
  readonly key: string;
  /** Undefined for a file that lies in no directory below the URI: the service cannot tell one, and refuses the import. */
  readonly namespace: string | undefined;
  readonly bytes: number;
  readonly etag?: string | undefined;
}

/** Where the service expects files. */
const PLACE = '<namespace>/<file>.parquet';
/** What is wrong with an empty file. */
export const NO_BYTE = { expected: 'a Parquet file', got: '0 bytes' } as const;
/** Characters of a namespace that every tool on the way leaves as they are. */
const PLAIN_NAME = /^[A-Za-z0-9._-]+$/;
/** Names that tools give what is not data, or not yet. */
const HIDDEN = /(?:^|\/)(?:[._][^/]*|[^/]*\.(?:tmp|temp|inprogress|part|crc)\.parquet)$/i;
const HIDDEN_DIRECTORY = /(?:^|\/)(?:\.[^/]+|_temporary|_SUCCESS|_delta_log|_spark_metadata)\//;

/**
 * Which files an import of this directory would read, and what is wrong with where they lie: the service expects
 * `<uri>/<namespace>/<file>.parquet` and takes every `.parquet` it finds.
 */
export async function readLayout(
  objects: AsyncIterable<ObjectInfo>,
  log: FindingLog,
  limits?: RecordLimits,
): Promise<ImportFile[]> {
  const files: ImportFile[] = [];
  const atRoot: string[] = [];
  const directories = new Map<string, boolean>();
  let deeper = 0;
  for await (const { key, bytes, etag } of objects) {
    const parts = key.split('/');
    const namespace = parts.length > 1 ? parts[0] : undefined;
    const isParquet = /\.parquet$/i.test(key);
    if (namespace !== undefined) directories.set(namespace, (directories.get(namespace) ?? false) || isParquet);
    if (!isParquet) continue;
    if (parts.length === 1) atRoot.push(key);
    if (parts.length > 2) {
      deeper++;
      log.rule('LAYOUT_NESTED', {
        file: key,
        expected: PLACE,
        got: `${parts.length - 1} directories`,
        hint: 'If each of these directories is an import of its own, validate and import them one by one.',
      });
    }
    if (!key.endsWith('.parquet')) {
      log.rule('LAYOUT_EXTENSION', { file: key, expected: '.parquet', got: quote(key.slice(-8)) });
    }
    if (HIDDEN.test(key) || HIDDEN_DIRECTORY.test(key)) {
      log.rule('LAYOUT_HIDDEN', {
        file: key,
        expected: 'names that do not begin with "." or "_" and are not those of temporary files',
        got: quote(key),
        hint: 'The service takes every .parquet it finds; remove the file if it is no part of the import.',
      });
    }
    if (bytes === 0) log.rule('FILE_EMPTY', { file: key, ...NO_BYTE });
    files.push({ key, namespace, bytes, etag });
  }
  if (files.length === 0) log.rule('LAYOUT_NO_FILES', { expected: PLACE, got: 'none' });
  if (atRoot.length > 0 && atRoot.length === files.length) {
    log.rule('LAYOUT_URI_IS_NAMESPACE', {
      expected: PLACE,
      got: quote(atRoot[0]!),
      hint: 'If this is the directory of a namespace, the URI to import is the one above it.',
    });
  } else {
    for (const key of atRoot) log.rule('LAYOUT_NO_NAMESPACE', { file: key, expected: PLACE, got: quote(key) });
  }
  for (const [directory, hasFiles] of directories) {
    if (!hasFiles && files.length > 0) {
      log.rule('LAYOUT_EMPTY_NAMESPACE', {
        file: `${directory}/`,
        expected: 'a .parquet file',
        got: 'other files only',
      });
    }
  }
  const namespaces = new Set(files.flatMap(({ namespace }) => namespace ?? []));
  if (deeper < files.length) checkNames(namespaces, log, limits);
  return files.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

function checkNames(namespaces: ReadonlySet<string>, log: FindingLog, limits: RecordLimits | undefined): void {
  for (const name of namespaces) {
    const file = `${name}/`;
    const fault = namespaceFault(name, { limits });
    if (fault !== undefined) {
      const { code, expected, got } = fault;
      log.add({ code, severity: 'error', message: RULES[code].title, file, expected, got });
    } else if (/^[^=]+=/.test(name)) {
      log.rule('LAYOUT_HIVE', {
        file,
        expected: 'a name without "="',
        got: quote(name),
        hint: 'The namespace will be named like this, key and "=" included.',
      });
    } else if (!PLAIN_NAME.test(name) && name !== DEFAULT_NAMESPACE) {
      log.rule('LAYOUT_NAMESPACE_CHARACTERS', {
        file,
        expected: 'letters, digits, ".", "_" and "-"',
        got: quote(name),
      });
    }
  }
  for (const group of namespaceCollisions(namespaces)) {
    log.rule('LAYOUT_CASE', {
      expected: 'names that differ in more than case',
      got: group
        .slice(0, 5)
        .map((name) => quote(name))
        .join(', '),
    });
  }
}
