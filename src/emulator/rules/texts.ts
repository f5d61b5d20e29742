/**
 * The service's error texts, word for word where they are published. Import texts:
 * docs.pinecone.io/guides/index-data/import-data (2026-01), "Troubleshooting". Vector and metadata texts: what the live
 * service answers to an upsert, as quoted in Pinecone's own clients and tests. Texts marked "ours" are not published.
 */

export const noNamespace = (path: string): string =>
  `User error: "${path}": No namespace detected. Each file should be nested under a subdirectory of the URI prefix. ` +
  'This indicates which namespace it should be imported into.';

export const uriIsFile = (path: string): string =>
  `User error: "${path}": It looks like you specified a complete path to a parquet file as the URI prefix to import from. ` +
  'Note that the URI prefix should give an ancestor directory with subdirectories to specify each namespace to import into. ' +
  'See https://docs.pinecone.io/guides/data/understanding-imports#directory-structure.';

export const noFiles = (uri: string): string =>
  `User error: No Parquet files found under "${uri}". Files must be stored with the specified bucket prefix.`;

export const namespaceExists = (namespace: string): string =>
  `User error: The namespace "${namespace}" already exists. Imports are only allowed into nonexistent namespaces.`;

/** docs.pinecone.io/reference/api/database-limits (2025-11), "Namespaces per serverless index", there for upserts. */
export const tooManyNamespaces = (index: string): string =>
  `Request failed. You've reached the max namespaces allowed in serverless index ${index}. ` +
  'To add more namespaces, upgrade your plan.';

/** "Exceeds system limit" is published; what follows is ours ("an error specifying the limit exceeded"). */
export const overLimit = (limit: string, max: number, got: number): string =>
  `Exceeds system limit: ${limit} is ${max.toLocaleString('en-US')}, got ${got.toLocaleString('en-US')}`;

export const missingColumn = (column: string): string => `Missing required column "${column}"`;
export const unsupportedColumn = (column: string): string => `Unsupported column "${column}"`;
export const BAD_FOOTER = 'Parquet footer could not be parsed. Are you sure this is valid parquet?';

export const wrongType = (column: string, expected: string, given: string): string =>
  `The expected data type for column "${column}" is "${expected}", but got "${given}"`;

export const wrongMetadataType = (given: string): string =>
  `The expected data type for metadata is a JSON encoded string in UTF-8 format, but got "${given}"`;

export const badRecord = (file: string, row: number, reason: string): string =>
  `User error: error reading record (file "${file}", row ${row}): ${reason}`;

export const missingValues = (column: string): string => `missing required values in column "${column}"`;
export const badMetadata = (reason: string): string => `Failed to parse metadata: ${reason}`;
export const DENSE_INTO_SPARSE = 'Upserting dense vectors is not supported for sparse indexes';

export const wrongDimension = (got: number, expected: number): string =>
  `Vector dimension ${got} does not match the dimension of the index ${expected}`;

export const badMetadataValue = (got: string, field: string): string =>
  `Metadata value must be a string, number, boolean or list of strings, got '${got}' for field '${field}'`;

export const metadataTooLarge = (bytes: number, max: number): string =>
  `Metadata size is ${bytes} bytes, which exceeds the limit of ${max} bytes per vector`;

export const allSkipped = (namespace: string): string =>
  `User error: No vectors added, all rows were skipped for namespace: ${namespace}`;

// Ours: the rules are published, their texts are not.
export const DUPLICATE_VECTOR = 'duplicate vector: another record of this import has identical vector values';
export const ID_EMPTY = 'the record id must not be empty';
export const idTooLong = (length: number, max: number): string =>
  `the record id has ${length} characters, the limit is ${max}`;
export const ID_CHARSET = 'the record id must hold ASCII characters only, and no NUL';
export const sparseLengths = (indices: number, values: number): string =>
  `the sparse vector has ${indices} indices but ${values} values`;
export const sparseTooMany = (entries: number, max: number): string =>
  `the sparse vector has ${entries} non-zero values, the limit is ${max}`;
export const METADATA_NOT_OBJECT = 'expected a JSON object';
export const metadataKey = (key: string): string => `the key '${key}' begins with '$'`;
export const namespaceTooLong = (length: number, max: number): string =>
  `User error: the namespace name has ${length} characters, the limit is ${max}`;
export const storeFailed = (uri: string, reason: string): string => `User error: Failed to access "${uri}": ${reason}`;

/** Refusals of `POST /bulk/imports` itself. The first is published (Pinecone Python SDK, bulk import tests), the others are ours. */
export const BAD_SCHEME = 'Bulk import URIs must start with the scheme of a supported storage provider';
export const NO_IMPORTS_ON_PLAN =
  'Import is available on the Standard and Enterprise plans only. Upgrade your plan to use it.';
export const URI_MISSING = 'uri must not be empty';
export const uriTooLong = (length: number, max: number): string =>
  `uri must be at most ${max} characters long, got ${length}`;
export const wrongCloud = (cloud: string): string =>
  `Importing from Amazon S3 is only supported for indexes hosted on AWS; this index is hosted on ${cloud}`;
export const SIGNED_URI = 'uri must not hold a query; private storage is reached through a storage integration';
export const DIRECTORY_BUCKET = 'Importing from S3 Express One Zone (directory buckets) is not supported';
