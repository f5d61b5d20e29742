import { CANDIDATE_WORDS } from './find-duplicates.js';

/** Of candidates that come sorted by fingerprint, in blocks of whole ones, those that share theirs with another: few of many. */
export async function* onlyRepeated(
  candidates: AsyncIterable<Uint32Array>,
): AsyncGenerator<Uint32Array<ArrayBuffer>, void, undefined> {
  /** The last one of the block before, and whether it was handed out. */
  const last = new Int32Array(CANDIDATE_WORDS);
  let any = false;
  let told = false;
  for await (const block of candidates) {
    // Signed, since V8 has quick ways for whole numbers that are.
    const words = new Int32Array(block.buffer, block.byteOffset, block.length);
    let out: Int32Array<ArrayBuffer> | undefined;
    let to = 0;
    let [high, low] = [last[0]!, last[1]!];
    for (let at = 0; at < words.length; at += CANDIDATE_WORDS) {
      const same = any && words[at] === high && words[at + 1] === low;
      if (same) {
        out ??= new Int32Array(words.length + CANDIDATE_WORDS);
        if (!told) {
          out.set(at === 0 ? last : words.subarray(at - CANDIDATE_WORDS, at), to);
          to += CANDIDATE_WORDS;
        }
        out.set(words.subarray(at, at + CANDIDATE_WORDS), to);
        to += CANDIDATE_WORDS;
      }
      told = same;
      any = true;
      high = words[at]!;
      low = words[at + 1]!;
    }
    if (words.length > 0) last.set(words.subarray(words.length - CANDIDATE_WORDS));
    if (out !== undefined) yield new Uint32Array(out.buffer, 0, to);
  }
}
