/**
 * A block is a run of rows as they came, column after column. What stands where is in a table with these numbers for each block; places are
 * addresses in the memory of the rows. The same as in assembly/index.ts.
 */
export const BLOCK = {
  /** The number of each row's namespace, or NO_NAMESPACE. */
  namespaces: 0,
  rows: 1,
  /** Dense vectors. */
  values: 2,
  /** Where each row's id begins, and the last one ends. Texts are in PLAIN form. */
  ids: 3,
  metadata: 4,
  /** Where each row's indices begin, and the last ones end. */
  sparse: 5,
  /** So many numbers behind its index lies a value. */
  sparseEntries: 6,
  /** One byte a row; 0: all have a value. */
  metadataValidity: 7,
  sparseValidity: 8,
} as const;

export const BLOCK_NUMBERS = 9;

/** Of rows that were rejected. */
export const NO_NAMESPACE = 0xffff_ffff;

/** A row's place among all rows: its block, and its number there. Both fit into 32 bits. */
const ROW_BITS = 16;
export const MAX_BLOCK_ROWS = 1 << ROW_BITS;
export const MAX_BLOCKS = 1 << (32 - ROW_BITS);

export const placeOf = (block: number, row: number): number => ((block << ROW_BITS) | row) >>> 0;
