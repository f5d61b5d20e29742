/** Pages of the service's documentation that rules cite, with the month they were read in. */
export const IMPORT_PAGE = 'docs.pinecone.io/guides/index-data/import-data (2026-01)';
export const LIMITS_PAGE = 'docs.pinecone.io/reference/api/database-limits (2026-07)';
