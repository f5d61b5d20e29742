/**
 * Length of the UTF-8 sequence of a character beyond ASCII at `p`, 0 when it is none (RFC 3629, section 4: no overlong form, no surrogate,
 * nothing above U+10FFFF).
 */
export function utf8Length(p: usize, end: usize): usize {
  const c: u32 = load<u8>(p);
  const length: usize = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  if (length == 0 || p + length > end) return 0;
  const second: u32 = load<u8>(p, 1);
  const low: u32 = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
  const high: u32 = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i: usize = 2; i < length; i++) if ((load<u8>(p + i) & 0xc0) != 0x80) return 0;
  return length;
}

// Error classes of a pair of neighbouring bytes, as bits; a bit that all three look-ups below share is an error.
const TOO_SHORT: u8 = 1; // A lead byte or ASCII where a continuation byte must be.
const TOO_LONG: u8 = 2; // ASCII and a continuation byte.
const OVERLONG_3: u8 = 4; // E0 80 … E0 9F
const TOO_LARGE: u8 = 8; // F4 90 and above
const SURROGATE: u8 = 16; // ED A0 … ED BF
const OVERLONG_2: u8 = 32; // C0, C1
const TOO_LARGE_1000: u8 = 64; // F5 … FF 80 …
const OVERLONG_4: u8 = 64; // F0 80 … F0 8F
const TWO_CONTINUATIONS: u8 = 128;
const CARRY: u8 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;

// By the upper and the lower half of the first byte, and by the upper half of the second one.
const FIRST_HIGH: v128 = i8x16(
  TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
  TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS,
  TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
  TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
);
const FIRST_LOW: v128 = i8x16(
  CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, CARRY | OVERLONG_2, CARRY, CARRY,
  CARRY | TOO_LARGE,
  CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,
  CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,
  CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,
  CARRY | TOO_LARGE | TOO_LARGE_1000 | SURROGATE,
  CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,
);
const SECOND_HIGH: v128 = i8x16(
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
  TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4,
  TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | OVERLONG_3 | TOO_LARGE,
  TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | SURROGATE | TOO_LARGE,
  TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | SURROGATE | TOO_LARGE,
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
);

/**
 * Whether `start` … `end` is valid UTF-8. The byte before `start` and the one at `end` must be ASCII; three before and 18 behind are read, and
 * if those are no UTF-8 it may say no for them.
 *
 * After Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte" (2021): every error but one shows in two
 * neighbouring bytes, classified by three look-ups of 16 entries; the missing third and fourth bytes are found apart.
 */
export function isUtf8(start: usize, end: usize): bool {
  let error = i8x16.splat(0);
  const low4 = i8x16.splat(0x0f);
  for (let p = start; p < end + 3; p += 16) {
    const bytes = v128.load(p);
    // A sequence that began in the block before shows through `p - 1` and so on, so ASCII needs a look at those three only.
    if (!i8x16.bitmask(bytes) && ((load<u32>(p - 4) & 0x80808000) == 0)) continue;
    const before1 = v128.load(p - 1);
    const classes = v128.and(
      v128.and(
        i8x16.swizzle(FIRST_HIGH, i8x16.shr_u(before1, 4)),
        i8x16.swizzle(FIRST_LOW, v128.and(before1, low4)),
      ),
      i8x16.swizzle(SECOND_HIGH, i8x16.shr_u(bytes, 4)),
    );
    // The third byte behind E0 … EF and the third and fourth behind F0 … must be the second of two continuation bytes.
    const third = i8x16.sub_sat_u(v128.load(p - 2), i8x16.splat(0x60));
    const fourth = i8x16.sub_sat_u(v128.load(p - 3), i8x16.splat(0x70));
    const must = v128.and(v128.or(third, fourth), i8x16.splat(0x80 as i8));
    error = v128.or(error, v128.xor(must, classes));
  }
  return !v128.any_true(error);
}
