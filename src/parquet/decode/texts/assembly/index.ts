// Takes the lengths out from between the texts of a page in encoding PLAIN (parquet-format, Encodings.md, "PLAIN = 0": four bytes,
// little-endian, before each BYTE_ARRAY). Addresses are offsets in memory, which JavaScript lays out.

export { heapBase, reserve } from '../../../../base/assembly/memory';

/**
 * Puts `count` texts from `at` … `end` end to end at `out`, of as many bytes and 16 more, and where each begins, and the last one
 * ends, counted from `out`, into `offsets`. Up to 16 bytes behind `end` are read. Returns the bytes of the longest; -1: there are
 * fewer texts; -2: one is longer than the page.
 */
export function join(at: usize, end: usize, count: u32, out: usize, offsets: usize): i64 {
  const begin = out;
  let longest: u32 = 0;
  for (let i: u32 = 0; i < count; i++, offsets += 4) {
    if (end - at < 4) return -1;
    const length = load<u32>(at);
    at += 4;
    if ((length as usize) > end - at) return -2;
    store<u32>(offsets, (out - begin) as u32);
    longest = max(longest, length);
    if (length > 256) memory.copy(out, at, length);
    else {
      // What is written too much is written over by the next one.
      let done: u32 = 0;
      do {
        v128.store(out + done, v128.load(at + done));
        done += 16;
      } while (done < length);
    }
    at += length;
    out += length;
  }
  store<u32>(offsets, (out - begin) as u32);
  return longest;
}
