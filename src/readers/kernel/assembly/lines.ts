/** Number of line feeds in `start` … `end`. Up to 16 bytes behind `end` are read. */
export function countLines(start: usize, end: usize): u32 {
  let lines: u32 = 0;
  const feed = i8x16.splat(0x0a);
  let p = start;
  while (p + 16 <= end) {
    // Byte-wise counters overflow at 255 blocks.
    const stop = min(end - 16, p + 254 * 16);
    let counts = i8x16.splat(0);
    for (; p <= stop; p += 16) counts = i8x16.sub(counts, i8x16.eq(v128.load(p), feed));
    const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts));
    lines +=
      i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  }
  for (; p < end; p++) lines += (load<u8>(p) == 0x0a) as u32;
  return lines;
}
