import { MAX_METADATA_BYTES } from '../../records/limits.js';
import { METADATA_NOT_OBJECT, badMetadata, badMetadataValue, metadataKey, metadataTooLarge } from './texts.js';

/**
 * What is wrong with a record's metadata text, if anything: a flat JSON object of at most 40 KB, keys that do not begin with
 * `$`, values that are strings, numbers, booleans or lists of strings
 * (docs.pinecone.io/guides/index-data/indexing-overview, "Metadata", 2025-08).
 */
export function metadataFault(text: string): string | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_METADATA_BYTES) return metadataTooLarge(bytes, MAX_METADATA_BYTES);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return badMetadata(error instanceof Error ? error.message : String(error));
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return badMetadata(METADATA_NOT_OBJECT);
  for (const [key, value] of Object.entries(parsed)) {
    if (key.startsWith('$')) return badMetadata(metadataKey(key));
    if (!isAllowed(value)) return badMetadataValue(shorten(JSON.stringify(value)), key);
  }
  return undefined;
}

function isAllowed(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
