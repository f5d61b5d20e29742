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
/** The same, as long as there are few characters beyond ASCII in the chunk that the text is part of; then all of that is checked at once. */
export const UTF8_ASK: u32 = 2;
/** Few are one in so many bytes: to check a character by itself takes as long as looking through a hundred bytes or more. */
const BYTES_PER_CHARACTER: usize = 256;

/** One of the above. */
export let utf8: u32 = UTF8_CHECK;

let chunk: usize = 0;
let chunkEnd: usize = 0;
/** Characters that may still be checked by themselves. */
let few: i32 = 0;

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
  few = ((end - start) / BYTES_PER_CHARACTER) as i32;
  utf8 = UTF8_ASK;
}

/** Whether the text is known to be valid UTF-8, now that it matters. */
export function isUtf8Known(): bool {
  if (utf8 == UTF8_ASK) utf8 = isUtf8(chunk, chunkEnd) ? UTF8_KNOWN : UTF8_CHECK;
  return utf8 == UTF8_KNOWN;
}

/** Another character beyond ASCII was met. Whether the text is known to be valid UTF-8, if there were so many that it was worth finding out. */
export function knowsAfterAnother(): bool {
  return utf8 == UTF8_ASK && --few < 0 && isUtf8Known();
}

/** Notes what is wrong; returns 0, which no position is. */
export function fail(at: usize, expected: u32, code: u32): usize {
  errorAt = at;
  errorExpected = expected;
  errorCode = code;
  return 0;
}
