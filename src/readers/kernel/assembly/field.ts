/**
 * A field of the record under way: a node of the tree of fields (JSONL, record.ts) or a cell (CSV, row.ts), which both begin with
 * these numbers.
 */

/** Bytes of a field: 12 u32, of which this file knows the first four. */
export const FIELD_BYTES: usize = 48;

/** Type of a JSON value; a CSV cell is TEXT. ABSENT: the record has no such field. */
export const ABSENT: u32 = 0;
export const STRING: u32 = 1;
export const NUMBER: u32 = 2;
export const TRUE: u32 = 3;
export const FALSE: u32 = 4;
export const NULL: u32 = 5;
export const OBJECT: u32 = 6;
export const ARRAY: u32 = 7;
/** `NaN` or `Infinity`, where they are let pass. */
export const NON_FINITE: u32 = 8;
/** The plain text of a CSV cell, without its quotes. */
export const TEXT: u32 = 9;

/** The string holds an escape; half a surrogate pair. */
export const ESCAPED: u32 = 1;
export const LONE_SURROGATE: u32 = 2;
/** The value was read on the way (numbers of a vector), not only passed over. */
export const DONE: u32 = 4;
/** The value is metadata that the rules take, its length apart. */
export const PLAIN: u32 = 8;

// @ts-ignore: decorator
@inline
export function fieldStart(field: usize): usize {
  return load<u32>(field);
}
// @ts-ignore: decorator
@inline
export function fieldEnd(field: usize): usize {
  return load<u32>(field, 4);
}
// @ts-ignore: decorator
@inline
export function fieldType(field: usize): u32 {
  return load<u32>(field, 8);
}
// @ts-ignore: decorator
@inline
export function fieldFlags(field: usize): u32 {
  return load<u32>(field, 12);
}
// @ts-ignore: decorator
@inline
export function setField(field: usize, start: usize, end: usize, type: u32, flags: u32): void {
  store<u32>(field, start as u32);
  store<u32>(field, end as u32, 4);
  store<u32>(field, type, 8);
  store<u32>(field, flags, 12);
}

/** Type of the valid JSON value that begins with this byte. */
export function typeOf(first: u32): u32 {
  switch (first) {
    case 0x22:
      return STRING;
    case 0x7b:
      return OBJECT;
    case 0x5b:
      return ARRAY;
    case 0x74:
      return TRUE;
    case 0x66:
      return FALSE;
    case 0x6e:
      return NULL;
    case 0x49:
    case 0x4e:
      return NON_FINITE;
    default:
      return NUMBER;
  }
}
