import type { FindingCode as ImportCheck } from '../importer/findings.js';
import type { RuleInfo } from '../records/rule-codes.js';
import { LIMITS_PAGE } from '../records/rule-sources.js';
import { rule } from './file-rules.js';

const DISAGREE = "Pinecone's own pages disagree";

/** What an import is held against besides its files: the limits of one import, and the index, where one is given. */
export const INDEX_RULES = {
  LIMIT_NAMESPACES: rule('error', 'documented', 'an import has too many namespaces', LIMITS_PAGE),
  LIMIT_FILES: rule('error', 'documented', 'an import has too many files', LIMITS_PAGE),
  LIMIT_FILE_BYTES: rule('error', 'documented', 'a file is too large', LIMITS_PAGE),
  LIMIT_BYTES: rule('error', 'documented', 'an import is too large', LIMITS_PAGE),
  LIMIT_NAMESPACE_BYTES: rule(
    'warning',
    'documented',
    'a namespace is larger than 500 GB',
    'limits pages of 2025 to 2026-06',
  ),
  RECORDS: rule('error', 'documented', 'there is no record'),
  DIMENSION: rule('error', 'documented', 'the vectors have another dimension than the index'),
  VECTOR_TYPE: rule('error', 'documented', 'the index takes other vectors: dense, sparse'),
  METRIC: rule('error', 'documented', 'hybrid records need an index with metric dotproduct'),
  CLOUD: rule('error', 'documented', 'the storage is of a cloud that the index cannot import from'),
  NAMESPACES_NEW: rule('error', 'documented', 'a namespace exists in the index already'),
  INDEX_READY: rule('error', 'prudent', 'the index is not ready', 'OpenAPI 2026-04, IndexModel.status'),
  INDEX_SERVERLESS: rule('error', 'documented', 'the index is not serverless'),
  INDEX_SCHEMA: rule('warning', 'documented', 'the index has a schema', LIMITS_PAGE),
  INDEX_EMBEDDING: rule('warning', 'prudent', 'the index embeds texts itself', DISAGREE),
  INDEX_DEDICATED: rule('warning', 'prudent', 'the index has dedicated read nodes', DISAGREE),
  INTEGRATION: rule('warning', 'documented', 'a private bucket needs a storage integration'),
  DIRECTORY: rule('error', 'prudent', 'the directory is not what the manifest says', 'the manifest'),
} as const satisfies Record<ImportCheck, RuleInfo>;
