/** A record's own text in a reject is cut at this many bytes, so that a damaged file cannot fill the memory with rejects. */
export const DEFAULT_MAX_REJECT_RAW_BYTES = 1024 * 1024;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The text of `bytes[start … end)` for a reject: cut at the maximum (never inside a character), bad UTF-8 as U+FFFD. */
export function rawText(bytes: Uint8Array, start: number, end: number, max = DEFAULT_MAX_REJECT_RAW_BYTES): string {
  let cut = end;
  if (end - start > max) {
    cut = start + max;
    // Back over continuation bytes (10xxxxxx) to the start of the character that the cut goes through: four bytes at most.
    for (let back = 0; back < 3 && cut > start && (bytes[cut]! & 0xc0) === 0x80; back++) cut--;
  }
  return decoder.decode(bytes.subarray(start, cut));
}
