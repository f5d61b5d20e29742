import { EXIT } from './exit-codes.js';
import type { Stage } from './errors.js';

interface Entry {
  readonly stage: Stage;
  readonly exitCode: number;
  readonly retryable: boolean;
  readonly title: string;
}

const e = (stage: Stage, exitCode: number, title: string, retryable = exitCode === EXIT.TEMPORARY): Entry => ({
  stage,
  exitCode,
  retryable,
  title,
});

/** Every error pineload can end with; docs/errors.md is made from this table. Codes never change their meaning. */
export const CATALOGUE = {
  UNEXPECTED: e('pipeline', EXIT.UNEXPECTED, 'something unexpected happened'),
  ABORTED: e('pipeline', EXIT.SIGINT, 'stopped on request'),
  USAGE: e('cli', EXIT.USAGE, 'the command line is not valid'),
  STATUS_MISSING: e('cli', EXIT.TEMPORARY, 'there is no status file yet'),
  STATUS_STALE: e('cli', EXIT.TEMPORARY, 'the status is older than allowed'),
  OPTION_INVALID: e('pipeline', EXIT.USAGE, 'an option is not valid'),

  SCRATCH_TOO_SMALL: e('pipeline', EXIT.CONFIG, 'the directory for temporary files has too little room'),

  INPUT_NOT_FOUND: e('sources', EXIT.CONFIG, 'no such input'),
  INPUT_EMPTY: e('sources', EXIT.REJECTED, 'the input holds no record'),
  INPUT_UNREADABLE: e('sources', EXIT.CONFIG, 'the input cannot be read'),
  INPUT_FORMAT_UNKNOWN: e('sources', EXIT.USAGE, 'the format of the input is not known'),
  INPUT_CORRUPT: e('sources', EXIT.REJECTED, 'the compressed input is corrupt or cut off'),
  INPUT_CHANGED: e('sources', EXIT.CONFIG, 'the input changed since the run began'),

  RECORD_TOO_LARGE: e('readers', EXIT.REJECTED, 'a record is larger than allowed'),
  MAPPING_UNRESOLVED: e('readers', EXIT.USAGE, 'a needed field was not found in the first records'),
  CSV_HEADER_INVALID: e('readers', EXIT.REJECTED, 'the CSV header is not valid'),

  RECORD_REJECTED: e('records', EXIT.REJECTED, 'a record was rejected'),
  DUPLICATES_FOUND: e('duplicates', EXIT.REJECTED, 'records of a namespace have the same id or the same vector'),
  FIXED_INVALID: e('records', EXIT.REJECTED, 'a line is none of a rejects file that was mended'),
  JOIN_TOO_LATE: e('writers', EXIT.CONFIG, 'an import of the directory was begun, so nothing can be added to it'),
  REJECTS_LEFT: e('records', EXIT.REJECTED, 'records were rejected, and the run was told to fail on that'),
  TOO_MANY_REJECTS: e('records', EXIT.REJECTED, 'more records were rejected than allowed'),

  PARQUET_WRITE: e('parquet', EXIT.UNEXPECTED, 'the Parquet file could not be written'),
  PARQUET_CORRUPT: e('parquet', EXIT.REJECTED, 'the file is not valid Parquet'),
  PARQUET_UNSUPPORTED: e('parquet', EXIT.REJECTED, 'the file uses a part of Parquet that is not read'),
  PARQUET_LIMIT: e('parquet', EXIT.REJECTED, 'the file is beyond what is read of one file'),

  TARGET_NOT_EMPTY: e('writers', EXIT.CONFIG, 'the target already holds an import'),
  TARGET_STRAY_FILES: e('writers', EXIT.CONFIG, 'the target holds Parquet files that are not part of this run'),
  PLAN_DIFFERS: e('writers', EXIT.CONFIG, 'an unfinished run with other inputs or options is in the target'),
  PLAN_MISSING: e('writers', EXIT.CONFIG, 'there is no plan'),
  SPLITS_MISSING: e('writers', EXIT.TEMPORARY, 'splits of the plan are not finished yet'),
  STATE_CORRUPT: e('writers', EXIT.CONFIG, 'the state of the run cannot be read'),
  MANIFEST_MISSING: e('writers', EXIT.CONFIG, 'there is no manifest: the directory is not a finished conversion'),
  LIMIT_EXCEEDED: e('writers', EXIT.REJECTED, 'a limit of the service would be exceeded'),
  KEY_TOO_LONG: e('writers', EXIT.REJECTED, 'a file name or object key would be too long for the target'),

  URI_INVALID: e('uploaders', EXIT.USAGE, 'the URI is not valid'),
  STORE_CREDENTIALS: e('uploaders', EXIT.CONFIG, 'the object store refused the credentials'),
  STORE_NOT_FOUND: e('uploaders', EXIT.CONFIG, 'the bucket or container does not exist'),
  OBJECT_NOT_FOUND: e('uploaders', EXIT.CONFIG, 'the object does not exist'),
  OBJECT_EXISTS: e('uploaders', EXIT.CONFIG, 'the object already exists'),
  STORE_FULL: e('uploaders', EXIT.CONFIG, 'the target is full'),
  STORE_TEMPORARY: e('uploaders', EXIT.TEMPORARY, 'the object store did not answer as it should'),
  STORE_REFUSED: e('uploaders', EXIT.CONFIG, 'the object store refused the request'),
  FILE_CHANGED: e('uploaders', EXIT.CONFIG, 'a file is not what the manifest says'),
  CHECKSUM_MISMATCH: e('uploaders', EXIT.TEMPORARY, 'what is stored is not what was sent'),

  API_KEY_MISSING: e('importer', EXIT.CONFIG, 'no Pinecone API key'),
  API_UNAUTHORIZED: e('importer', EXIT.CONFIG, 'Pinecone refused the API key'),
  API_NOT_FOUND: e('importer', EXIT.CONFIG, 'Pinecone does not know this'),
  API_REFUSED: e('importer', EXIT.CONFIG, 'Pinecone refused the request'),
  API_TEMPORARY: e('importer', EXIT.TEMPORARY, 'Pinecone did not answer as it should'),
  API_ANSWER_INVALID: e('importer', EXIT.TEMPORARY, 'the answer is not what the API describes'),
  IMPORT_MAYBE_STARTED: e('importer', EXIT.TEMPORARY, 'it is not known whether the import was started'),
  IMPORT_CONFLICT: e('importer', EXIT.CONFIG, 'this directory was imported before under another manifest'),
  IMPORT_NOT_STARTED: e('importer', EXIT.CONFIG, 'no import of this directory was started'),
  NAMESPACES_LEFT: e('importer', EXIT.CONFIG, 'namespaces that a failed import left behind are in the way'),
  IMPORT_FAILED: e('importer', EXIT.IMPORT_FAILED, 'the import failed'),
  IMPORT_CANCELLED: e('importer', EXIT.IMPORT_FAILED, 'the import was cancelled'),
  IMPORT_INCOMPLETE: e('importer', EXIT.IMPORT_FAILED, 'records are missing after the import'),
  IMPORT_TIMEOUT: e('importer', EXIT.TIMEOUT, 'waiting for the import timed out; the import goes on'),
  PREFLIGHT_FAILED: e('importer', EXIT.CONFIG, 'the import would fail'),

  EMULATOR_PORT: e('emulator', EXIT.CONFIG, 'the emulator cannot listen on this port'),
  EMULATOR_STATE_IN_USE: e('emulator', EXIT.CONFIG, 'another emulator is using this state directory'),
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof CATALOGUE;
