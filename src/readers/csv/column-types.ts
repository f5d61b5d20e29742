import type { MetadataColumnType } from '../reader.js';

/** RFC 8259, section 6. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
/** Longer whole numbers are names (of accounts, say) more often than amounts, and float64 does not hold them. */
const MAX_INTEGER_DIGITS = 15;

/**
 * The type of a CSV column whose type was not stated: number or boolean when every cell of the sample reads as one, string
 * otherwise. A column has one type, so that a word such as "true" among other words stays a word; a later cell that does not
 * fit is rejected, not guessed.
 *
 * @param cells the column's cells in the sample, without the empty ones
 */
export function inferColumnType(cells: Iterable<unknown>): MetadataColumnType {
  let numbers = true;
  let booleans = true;
  let any = false;
  for (const cell of cells) {
    any = true;
    const text = String(cell);
    numbers &&= isNumber(text);
    booleans &&= BOOLEAN.test(text);
    if (!numbers && !booleans) return 'string';
  }
  if (!any) return 'string';
  return numbers ? 'number' : 'boolean';
}

function isNumber(text: string): boolean {
  if (!JSON_NUMBER.test(text) || !Number.isFinite(Number(text))) return false;
  return !/^-?\d+$/.test(text) || text.replace('-', '').length <= MAX_INTEGER_DIGITS;
}
