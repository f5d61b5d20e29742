/** Reads Parquet: footer, schema, and the columns that an import has, into typed arrays. */
export { DecodeBudget } from './budget.js';
export { corrupt, inFile } from './fault.js';
export type { ColumnChunk, FileMetadata, RowGroup, SchemaElement } from './file-metadata.js';
export type { Codec, Encoding, PhysicalType } from './format.js';
export { DEFAULT_DECODE_LIMITS, DEFAULT_WINDOW_BYTES, type DecodeLimits } from './limits.js';
export { CappedListSink, FixedListSink, ListColumn, ROW, type ListLevels, type ListSink } from './list-column.js';
export { jsonType, type JsonValues } from './json-values.js';
export { LevelColumn } from './level-column.js';
export { numberList, type NumberList } from './number-list.js';
export { numberType, type NumberType } from './number-values.js';
export { FOOTER_GUESS_BYTES, openParquet, type ParquetFile, type RandomAccess } from './open-file.js';
export { ColumnPages, type PageFacts } from './pages.js';
export { listElement, typeName, type SchemaNode } from './schema-tree.js';
export { TextColumn, type TextRows } from './text-column.js';
