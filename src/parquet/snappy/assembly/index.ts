// Snappy's raw format (its format description, google/snappy, format_description.txt): a length, then literals and copies of
// earlier bytes. Whole numbers only: the same bytes for the same input on every machine.

/** Bytes of which copies reach back only to one another, so that offsets fit two bytes. */
const BLOCK_BYTES: u32 = 65536;
const MAX_TABLE_BITS: u32 = 14;
/** Blocks shorter than this are one literal. */
const MIN_BLOCK_BYTES: u32 = 16;
/** So many bytes at a block's end are not looked at as the begin of a copy: loads of 8 bytes stay inside. */
const END_BYTES: u32 = 15;

/** For hashes of four bytes, where in the block they were seen last. */
const TABLE: usize = memory.data(2 << MAX_TABLE_BITS, 16);

export { heapBase, reserve } from '../../../base/assembly/memory';

/** The most that `length` bytes can become. */
export function mostBytes(length: u32): u32 {
  return 32 + length + length / 6;
}

/** Compresses `length` bytes at `source` to `out`, where `mostBytes` must fit. Returns the length of the result. */
export function compress(source: usize, length: u32, out: usize): u32 {
  const start = out;
  let rest = length;
  while (rest >= 0x80) {
    store<u8>(out++, rest | 0x80);
    rest >>= 7;
  }
  store<u8>(out++, rest);
  for (let at: u32 = 0; at < length; at += BLOCK_BYTES) {
    out = block(source + at, min(BLOCK_BYTES, length - at), out);
  }
  return (out - start) as u32;
}

// @ts-ignore: decorator
@inline
function slot(p: usize, shift: u32): usize {
  return TABLE + ((((load<u32>(p) * 0x9e3779b1) >> shift) as usize) << 1);
}

function block(base: usize, length: u32, out: usize): usize {
  const end = base + length;
  let literal = base;
  if (length >= MIN_BLOCK_BYTES) {
    let bits: u32 = 8;
    while (bits < MAX_TABLE_BITS && ((1 as u32) << bits) < length) bits++;
    const shift = 32 - bits;
    memory.fill(TABLE, 0, (2 as usize) << bits);
    const limit = end - END_BYTES;
    let p = base + 1;
    while (true) {
      // The longer nothing repeats, the fewer places are looked at: bytes that do not compress cost little.
      let tries: u32 = 32;
      let candidate: usize = 0;
      while (p <= limit) {
        const place = slot(p, shift);
        candidate = base + load<u16>(place);
        store<u16>(place, p - base);
        if (load<u32>(p) == load<u32>(candidate)) break;
        p += tries >> 5;
        tries++;
      }
      if (p > limit) break;
      out = writeLiteral(literal, p, out);
      while (true) {
        const offset = (p - candidate) as u32;
        const begin = p;
        p = endOfMatch(candidate + 4, p + 4, end);
        out = writeCopy(offset, (p - begin) as u32, out);
        literal = p;
        if (p > limit) break;
        store<u16>(slot(p - 1, shift), p - 1 - base);
        const place = slot(p, shift);
        candidate = base + load<u16>(place);
        store<u16>(place, p - base);
        if (load<u32>(p) != load<u32>(candidate)) break;
      }
      if (p > limit) break;
      p++;
    }
  }
  return literal < end ? writeLiteral(literal, end, out) : out;
}

/** How far the bytes from `p` on are those from `candidate` on. */
// @ts-ignore: decorator
@inline
function endOfMatch(candidate: usize, p: usize, end: usize): usize {
  while (p + 8 <= end) {
    const difference = load<u64>(p) ^ load<u64>(candidate);
    if (difference != 0) return p + ((ctz(difference) >> 3) as usize);
    p += 8;
    candidate += 8;
  }
  while (p < end && load<u8>(p) == load<u8>(candidate)) {
    p++;
    candidate++;
  }
  return p;
}

function writeLiteral(from: usize, to: usize, out: usize): usize {
  const length = (to - from) as u32;
  if (length == 0) return out;
  const n = length - 1;
  if (n < 60) {
    store<u8>(out++, n << 2);
  } else if (n < 256) {
    store<u8>(out, 60 << 2);
    store<u8>(out, n, 1);
    out += 2;
  } else {
    store<u8>(out, 61 << 2);
    store<u16>(out, n, 1);
    out += 3;
  }
  memory.copy(out, from, length);
  return out + length;
}

function writeCopy(offset: u32, length: u32, out: usize): usize {
  // What is left for the last copy must not be too short for one.
  while (length >= 68) {
    out = writeLongCopy(offset, 64, out);
    length -= 64;
  }
  if (length > 64) {
    out = writeLongCopy(offset, 60, out);
    length -= 60;
  }
  if (length >= 12 || offset >= 2048) return writeLongCopy(offset, length, out);
  store<u8>(out, 1 | ((length - 4) << 2) | ((offset >> 8) << 5));
  store<u8>(out, offset, 1);
  return out + 2;
}

// @ts-ignore: decorator
@inline
function writeLongCopy(offset: u32, length: u32, out: usize): usize {
  store<u8>(out, 2 | ((length - 1) << 2));
  store<u16>(out, offset, 1);
  return out + 3;
}

/**
 * Undoes the compression of `at` … `end`, the length in front passed over, to `out` … `outEnd`: 16 bytes behind each may be read and
 * written. Returns whether it came out even; nothing else is written to, whatever the bytes are.
 */
export function decompress(at: usize, end: usize, out: usize, outEnd: usize): bool {
  const start = out;
  while (at < end) {
    const tag: u32 = load<u8>(at++);
    const kind = tag & 3;
    if (kind == 0) {
      let length = (tag >> 2) + 1;
      if (length > 60) {
        const bytes = length - 60;
        if (bytes > end - at) return false;
        // The number may take all 32 bits, which one more would make zero.
        const less = load<u32>(at) & (u32.MAX_VALUE >> ((4 - bytes) << 3));
        if (less == u32.MAX_VALUE) return false;
        length = less + 1;
        at += bytes;
      }
      if (length > end - at || length > outEnd - out) return false;
      if (length <= 16) v128.store(out, v128.load(at));
      else memory.copy(out, at, length);
      at += length;
      out += length;
      continue;
    }
    const bytes: usize = kind == 3 ? 4 : kind;
    if (bytes > end - at) return false;
    let length = (tag >> 2) + 1;
    let offset: u32 = 0;
    if (kind == 1) {
      length = ((tag >> 2) & 7) + 4;
      offset = ((tag >> 5) << 8) | load<u8>(at);
    } else {
      offset = kind == 2 ? load<u16>(at) : load<u32>(at);
    }
    at += bytes;
    if (offset == 0 || offset > out - start || length > outEnd - out) return false;
    out = repeat(out, offset, length);
  }
  return out == outEnd;
}

/** `length` bytes, 64 at most, of those that stand `offset` before; they may reach into one another. */
function repeat(out: usize, offset: usize, length: usize): usize {
  const end = out + length;
  if (offset >= 16) {
    // Up to 15 bytes too many, which the next ones are written over.
    for (let p = out; p < end; p += 16) v128.store(p, v128.load(p - offset));
  } else if (offset >= 8) {
    for (let p = out; p < end; p += 8) store<u64>(p, load<u64>(p - offset));
  } else {
    for (let p = out; p < end; p++) store<u8>(p, load<u8>(p - offset));
  }
  return end;
}
