/** A bit for each of the bytes that cannot stand in a JSON text as they are: quotes, backslashes, control characters (RFC 8259, 7). */
@inline
export function notPlain(bytes: v128): i32 {
  const marks = v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c)));
  return i8x16.bitmask(v128.or(marks, i8x16.lt_u(bytes, i8x16.splat(0x20))));
}
