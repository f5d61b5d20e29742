import type { ErrorCode } from '../base/errors.js';
import type { RuleCode, RuleInfo } from '../records/rule-codes.js';
import { IMPORT_PAGE, LIMITS_PAGE } from '../records/rule-sources.js';

const PROVEN = 'pyarrow defaults, which Pinecone itself writes and imports';

/** A rule over files, or over an import and its index. */
export const rule = (
  severity: RuleInfo['severity'],
  basis: RuleInfo['basis'],
  title: string,
  source = IMPORT_PAGE,
): RuleInfo => ({ severity, basis, title, source });

/** Rules over the layout of an import, its files and their schemas; those over rows are in records/rule-codes.ts. */
export const FILE_RULES = {
  // Layout.
  LAYOUT_NO_FILES: rule('error', 'documented', 'there is no Parquet file'),
  LAYOUT_URI_IS_FILE: rule('warning', 'documented', 'one file cannot be imported by itself'),
  LAYOUT_URI_IS_NAMESPACE: rule(
    'error',
    'documented',
    'the files lie directly below the URI: no namespace can be told',
  ),
  LAYOUT_NO_NAMESPACE: rule('error', 'documented', 'a file lies directly below the URI: no namespace can be told'),
  LAYOUT_NESTED: rule('error', 'prudent', 'a file lies deeper than <namespace>/<file>.parquet', 'not documented'),
  LAYOUT_EMPTY_NAMESPACE: rule('error', 'documented', 'a namespace directory holds no Parquet file'),
  LAYOUT_HIDDEN: rule('error', 'prudent', 'a hidden or temporary file ends in .parquet', 'not documented'),
  LAYOUT_EXTENSION: rule('warning', 'prudent', 'the extension is not written .parquet', 'not documented'),
  LAYOUT_CASE: rule('warning', 'prudent', 'namespaces differ in upper and lower case only', 'file systems'),
  LAYOUT_HIVE: rule('warning', 'prudent', 'a namespace is named key=value, as partitions are', 'not documented'),
  LAYOUT_NAMESPACE_CHARACTERS: rule(
    'warning',
    'prudent',
    'a namespace has characters whose handling is not documented',
    'not documented',
  ),
  // The file as a whole.
  FILE_EMPTY: rule('error', 'documented', 'a Parquet file has no byte'),
  FILE_NO_ROWS: rule('warning', 'prudent', 'a file has no row', 'not documented'),
  FILE_CODEC_UNPROVEN: rule('warning', 'prudent', 'Pinecone is not known to read this compression', PROVEN),
  FILE_ENCODING_UNPROVEN: rule('warning', 'prudent', 'Pinecone is not known to read this encoding', PROVEN),
  FILE_PAGE_V2_UNPROVEN: rule('warning', 'prudent', 'Pinecone is not known to read data pages of version 2', PROVEN),
  FILE_ROWS_NOT_READ: rule(
    'error',
    'prudent',
    'the rest of the file was not read: too many rows are rejected',
    'option maxRejectedPerFile',
  ),
  // Schema.
  SCHEMA_COLUMN_MISSING: rule('error', 'documented', 'a required column is missing'),
  SCHEMA_COLUMN_TWICE: rule('error', 'prudent', 'a column occurs twice', 'not documented'),
  SCHEMA_COLUMN_EXTRA: rule(
    'warning',
    'documented',
    'a column is none of id, values, sparse_values, metadata',
    `${IMPORT_PAGE}; newer pages say it is ignored`,
  ),
  SCHEMA_TYPE: rule('error', 'documented', 'a column has a wrong type'),
  SCHEMA_TYPE_UNPROVEN: rule(
    'warning',
    'prudent',
    'a column has a type that is not the documented one',
    'Pinecone Python SDK, pull request 638',
  ),
  SCHEMA_LIST_SHAPE: rule('warning', 'prudent', 'a list is not of the three-level form', 'not documented'),
  SCHEMA_VALUES_IN_SPARSE: rule('warning', 'documented', 'a column of dense vectors for a sparse index'),
  SCHEMA_KIND_MIXED: rule('error', 'documented', 'some files hold dense vectors, others only sparse ones'),
  DIMENSION_TOO_LARGE: rule('error', 'documented', 'the vectors are longer than an index takes', LIMITS_PAGE),
} as const satisfies Record<string, RuleInfo>;

export type FileRuleCode = keyof typeof FILE_RULES;

/** Every code a finding may have: rules over rows, rules over files, errors of reading, checks of the importer. */
export type FindingCode = RuleCode | FileRuleCode | ErrorCode | (string & {});
