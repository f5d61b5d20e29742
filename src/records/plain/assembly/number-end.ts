/** Where the JSON number that begins at `p` ends (RFC 8259, section 6); 0 when there is none. */
export function numberEnd(p: usize): usize {
  let c: u32 = load<u8>(p);
  if (c == 0x2d) c = load<u8>(++p);
  if (c == 0x30) {
    c = load<u8>(++p);
    if (c - 0x30 < 10) return 0;
  } else {
    if (c - 0x30 > 9) return 0;
    while (c - 0x30 < 10) c = load<u8>(++p);
  }
  if (c == 0x2e) {
    c = load<u8>(++p);
    if (c - 0x30 > 9) return 0;
    while (c - 0x30 < 10) c = load<u8>(++p);
  }
  if ((c | 0x20) == 0x65) {
    c = load<u8>(++p);
    if (c == 0x2d || c == 0x2b) c = load<u8>(++p);
    if (c - 0x30 > 9) return 0;
    while (c - 0x30 < 10) c = load<u8>(++p);
  }
  return p;
}
