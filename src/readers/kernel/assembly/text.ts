/**
 * The text under way, and what is wrong with it. All positions are addresses.
 *
 * A text is a JSONL line, a CSV cell or the content of a string. It is followed by at least 32 readable bytes, and the byte at
 * `textEnd` is one that cannot go on a JSON text (a line feed, a quote, a comma): loops need not look at the end for every byte.
 */
export let textEnd: usize = 0;

/** Everything in the chunk is known to be valid UTF-8, so that strings need not check it. */
export let utf8Known: bool = false;

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

export function setUtf8Known(known: bool): void {
  utf8Known = known;
}

/** Notes what is wrong; returns 0, which no position is. */
export function fail(at: usize, expected: u32, code: u32): usize {
  errorAt = at;
  errorExpected = expected;
  errorCode = code;
  return 0;
}
