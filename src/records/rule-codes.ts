import { IMPORT_PAGE, LIMITS_PAGE } from './rule-sources.js';

/**
 * What is known of a rule over records, or over files and directories. `documented`: the service is known to refuse what breaks it; `prudent`:
 * we think it wiser to.
 */
export interface RuleInfo {
  /** `warning`: Pinecone's own sources contradict each other, or do not say. */
  readonly severity: 'error' | 'warning';
  readonly basis: 'documented' | 'prudent';
  readonly title: string;
  /** Where the rule comes from. */
  readonly source: string;
}

const rule = (basis: RuleInfo['basis'], title: string, source: string): RuleInfo => ({
  severity: 'error',
  basis,
  title,
  source,
});

const INDEXING_PAGE = 'docs.pinecone.io/guides/index-data/indexing-overview (2025-08)';
const UPSERT_SPEC = 'Pinecone OpenAPI 2026-04, db_data Vector';

/** Why a record may be rejected: the same codes whichever way it comes in. */
export const RULES = {
  // Syntax: the record could not be read at all.
  JSON_SYNTAX: rule('documented', 'the line is not valid JSON', 'RFC 8259'),
  JSON_NOT_OBJECT: rule('documented', 'the line is not a JSON object', 'RFC 8259'),
  JSON_DUPLICATE_KEY: rule('prudent', 'a field that is used occurs twice', 'RFC 8259, section 4'),
  UTF8_INVALID: rule('documented', 'the text is not valid UTF-8', 'RFC 3629'),
  CSV_SYNTAX: rule('documented', 'the row breaks the CSV quoting rules', 'RFC 4180'),
  CSV_FIELD_COUNT: rule('documented', 'the row has another number of fields than the header', 'RFC 4180'),
  RECORD_TOO_LARGE: rule('prudent', 'the record is larger than the maximum', 'option maxRecordSize'),
  // Record id.
  ID_MISSING: rule('documented', 'the record has no id', IMPORT_PAGE),
  ID_TYPE: rule('documented', 'the id is not a string', UPSERT_SPEC),
  ID_EMPTY: rule('documented', 'the id is empty', UPSERT_SPEC),
  ID_TOO_LONG: rule('documented', 'the id is too long', LIMITS_PAGE),
  ID_CHARSET: rule('documented', 'the id has a character that is not allowed', LIMITS_PAGE),
  // Dense vector.
  VALUES_MISSING: rule('documented', 'the record has no dense vector', IMPORT_PAGE),
  VALUES_TYPE: rule('documented', 'the dense vector is not a list of numbers', IMPORT_PAGE),
  VALUES_DIMENSION: rule('documented', 'the dense vector has a wrong length', IMPORT_PAGE),
  VALUES_NOT_FINITE: rule(
    'prudent',
    'the dense vector holds NaN or an infinity',
    'Pinecone Python SDK, pull request 638',
  ),
  VALUES_ALL_ZERO: rule('prudent', 'the dense vector holds only zeros', 'upsert answers so; import not documented'),
  VALUES_UNEXPECTED: rule('documented', 'a dense vector in a run of sparse records', IMPORT_PAGE),
  // Sparse vector.
  SPARSE_MISSING: rule('documented', 'the record has no sparse vector', IMPORT_PAGE),
  SPARSE_TYPE: rule('documented', 'the sparse vector is not an object with "indices" and "values"', UPSERT_SPEC),
  SPARSE_LENGTHS: rule('documented', 'indices and values differ in length', UPSERT_SPEC),
  SPARSE_EMPTY: rule('prudent', 'the sparse vector has no entry', 'upsert answers so; import not documented'),
  SPARSE_INDEX: rule('documented', 'a sparse index is not a whole number from 0 to 4294967295', UPSERT_SPEC),
  SPARSE_DUPLICATE_INDEX: rule('prudent', 'a sparse index occurs twice', 'not documented'),
  SPARSE_TOO_MANY: rule('documented', 'the sparse vector has too many entries', LIMITS_PAGE),
  SPARSE_NOT_FINITE: rule('prudent', 'a sparse value is NaN or an infinity', 'not documented'),
  SPARSE_UNEXPECTED: rule('documented', 'a sparse vector in a run of dense records', IMPORT_PAGE),
  // Metadata.
  METADATA_NOT_OBJECT: rule('documented', 'the metadata is not a JSON object', IMPORT_PAGE),
  METADATA_TOO_LARGE: rule('documented', 'the metadata is too large', LIMITS_PAGE),
  METADATA_KEY: rule('documented', 'a metadata key begins with "$"', INDEXING_PAGE),
  METADATA_DUPLICATE_KEY: rule('prudent', 'a metadata key occurs twice', 'RFC 8259, section 4'),
  METADATA_VALUE: rule(
    'documented',
    'a metadata value is none of string, number, boolean, list of strings',
    INDEXING_PAGE,
  ),
  // Namespace.
  NAMESPACE_TYPE: rule('documented', 'the namespace is not a string', UPSERT_SPEC),
  NAMESPACE_MISSING: rule('prudent', 'a field that the namespace template names is missing', 'option namespace'),
  NAMESPACE_NAME: rule('documented', 'the namespace cannot be a directory name', IMPORT_PAGE),
  NAMESPACE_TOO_LONG: rule('documented', 'the namespace is too long', LIMITS_PAGE),
  // Records of one namespace against each other.
  DUPLICATE_ID: rule(
    'prudent',
    'the id occurs more than once in the namespace',
    'an index keeps one record an id; import not documented',
  ),
  DUPLICATE_VECTOR: rule('documented', 'the vector occurs more than once in the namespace', IMPORT_PAGE),
} as const satisfies Record<string, RuleInfo>;

export type RuleCode = keyof typeof RULES;
