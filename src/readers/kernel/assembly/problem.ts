import { FIELD_TEXT } from './codes';

/**
 * What is wrong with the record under way, once it has been read as far as that: data, of which problems.ts on the JavaScript side
 * makes the sentence.
 */
export let isWrong: bool = false;
export let wrongCode: u32 = 0;
export let wrongField: u32 = 0;
export let wrongExpected: u32 = 0;
export let wrongGot: u32 = 0;
/** The text it is about, and two numbers. */
export let wrongFrom: usize = 0;
export let wrongTo: usize = 0;
export let wrongA: u32 = 0;
export let wrongB: u32 = 0;
/** Name of the field, where wrongField is FIELD_TEXT. */
export let wrongFieldFrom: usize = 0;
export let wrongFieldTo: usize = 0;
/** Position in a vector, or NO_POSITION. */
export let wrongPosition: u32 = 0;

export const NO_POSITION: u32 = 0xffffffff;

export function clearWrong(): void {
  isWrong = false;
}

/** Notes a problem, unless there is one already. */
export function wrong(code: u32, field: u32, expected: u32, got: u32, from: usize, to: usize, position: u32 = NO_POSITION): void {
  if (isWrong) return;
  isWrong = true;
  wrongCode = code;
  wrongField = field;
  wrongExpected = expected;
  wrongGot = got;
  wrongFrom = from;
  wrongTo = to;
  wrongPosition = position;
}

/** The same, with numbers in place of a text. */
export function wrongNumbers(code: u32, field: u32, expected: u32, got: u32, a: u32, b: u32, position: u32 = NO_POSITION): void {
  if (isWrong) return;
  wrong(code, field, expected, got, 0, 0, position);
  wrongA = a;
  wrongB = b;
}

/** The field is one that the text `from` … `to` names. */
export function nameWrongField(from: usize, to: usize): void {
  wrongField = FIELD_TEXT;
  wrongFieldFrom = from;
  wrongFieldTo = to;
}
