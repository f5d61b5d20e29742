/** A record's own text in a reject is cut at this many bytes, so that a damaged file cannot fill the memory with rejects. */
export const DEFAULT_MAX_REJECT_RAW_BYTES = 1024 * 1024;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The text of `bytes[start … end)` for a reject: cut at the maximum (never inside a character), bad UTF-8 as U+FFFD. */
export function rawText(bytes: Uint8Array, start: number, end: number, max = DEFAULT_MAX_REJECT_RAW_BYTES): string {
  const cut = end - start > max ? characterStart(bytes, start + max, start) : end;
  return decoder.decode(bytes.subarray(start, cut));
}

/** Where the character begins that the byte at `at` belongs to, `from` at the earliest. */
export function characterStart(bytes: Uint8Array, at: number, from = 0): number {
  let start = at;
  // Back over continuation bytes (10xxxxxx; RFC 3629, section 3): a character has four bytes at most.
  for (let back = 0; back < 3 && start > from && (bytes[start]! & 0xc0) === 0x80; back++) start--;
  return start;
}
