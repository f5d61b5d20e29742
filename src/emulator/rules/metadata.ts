import type { Reject } from '../../records/reject.js';
import { METADATA_NOT_OBJECT, badMetadata, badMetadataValue, metadataKey, metadataTooLarge } from './texts.js';

/** What the service says of metadata that a rule has refused. @param max bytes of the text */
export function metadataText({ code, field = '', got }: Reject, text: string, max: number): string {
  if (code === 'METADATA_TOO_LARGE') return metadataTooLarge(Buffer.byteLength(text), max);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return badMetadata(error instanceof Error ? error.message : String(error));
  }
  if (code === 'METADATA_NOT_OBJECT') return badMetadata(METADATA_NOT_OBJECT);
  if (code === 'METADATA_KEY') return badMetadata(metadataKey(JSON.parse(got) as string));
  const key = field.slice('metadata.'.length);
  const value = (parsed as Readonly<Record<string, unknown>>)[key];
  // What JSON.stringify has no text for (a number beyond float64 is read as infinity) is told in the rule's words.
  return badMetadataValue(typeof value === 'number' ? got : shorten(JSON.stringify(value)), key);
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
