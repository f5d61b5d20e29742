const PADDING = 0x3d;

/** How many bytes a base64 text, padded or not, holds by its length alone; -1 when no text has this length. The kernel decodes it. */
export function base64Length(bytes: Uint8Array, start: number, end: number): number {
  let stop = end;
  while (stop > start && end - stop < 2 && bytes[stop - 1] === PADDING) stop--;
  const letters = stop - start;
  if (letters % 4 === 1 || (stop !== end && (end - start) % 4 !== 0)) return -1;
  return Math.floor((letters * 3) / 4);
}
