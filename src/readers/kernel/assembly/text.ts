import { isUtf8 } from './utf8';

/**
 * The text under way, and what is wrong with it. All positions are addresses.
 *
 * A text is a JSONL line, a CSV cell or the content of a string. It is followed by at least 32 readable bytes, and the byte at
 * `textEnd` is one that cannot go on a JSON text (a line feed, a quote, a comma): loops need not look at the end for every byte.
 */
export let textEnd: usize = 0;

/** The text is known to be valid UTF-8, so that strings need not check it. */
export const UTF8_KNOWN: u32 = 0;
/** Strings are to be checked, each by itself. */
export const UTF8_CHECK: u32 = 1;
/** The text is part of the chunk, all of which is to be checked at once when the first character beyond ASCII is met: as a rule there is none. */
export const UTF8_ASK: u32 = 2;

/** One of the above. */
export let utf8: u32 = UTF8_CHECK;

let chunk: usize = 0;
let chunkEnd: usize = 0;
let isChunkAsked: bool = false;
let isChunkValid: bool = false;

export let errorCode: u32 = 0;
export let errorAt: usize = 0;
export let errorExpected: u32 = 0;

/** Line feeds before the end are white space (a JSON text in a CSV cell or a string), and do not end the text (a JSONL line). */
export let feedIsSpace: bool = false;

/**
 * Takes up another text. For a JSONL line the end is not searched for beforehand: there `end` is that of all lines, and the next line feed
 * is where the text ends.
 */
export function setText(end: usize, isLine: bool): void {
  textEnd = end;
  feedIsSpace = !isLine;
}

/** Whether the text ends at `p`, where a byte below 0x20 or the text's end is. */
export function isTextEnd(p: usize): bool {
  return feedIsSpace ? p >= textEnd : load<u8>(p) == 0x0a;
}

export function setUtf8(what: u32): void {
  utf8 = what;
}

/** Takes up another chunk: see isUtf8 for the bytes around it. */
export function setChunk(start: usize, end: usize): void {
  chunk = start;
  chunkEnd = end;
  isChunkAsked = false;
  utf8 = UTF8_ASK;
}

/** Whether all of the chunk is valid UTF-8. To be asked when there is more than ASCII in it. */
export function isChunkUtf8(): bool {
  if (!isChunkAsked) isChunkValid = isUtf8(chunk, chunkEnd);
  isChunkAsked = true;
  return isChunkValid;
}

/** Whether the text is known to be valid UTF-8, now that it matters. */
export function isUtf8Known(): bool {
  if (utf8 == UTF8_ASK) utf8 = isChunkUtf8() ? UTF8_KNOWN : UTF8_CHECK;
  return utf8 == UTF8_KNOWN;
}

/** Notes what is wrong; returns 0, which no position is. */
export function fail(at: usize, expected: u32, code: u32): usize {
  errorAt = at;
  errorExpected = expected;
  errorCode = code;
  return 0;
}
