// What the readers take. The kernel holds the same numbers; its tests hold both together.

/**
 * Objects and arrays may be nested this deep in a record. No vector record comes near it, and a line of a million `[` must not
 * take more than a look.
 */
export const MAX_JSON_DEPTH = 512;

/** Stands between the texts of a `string-list` cell that is no JSON array. */
export const STRING_LIST_DELIMITER = '|';

/** A whole number of more than this magnitude stays text under `auto`: as a float64 it would lose digits. */
export const MAX_AUTO_INTEGER = Number.MAX_SAFE_INTEGER;
