/** How many entries of each list and characters of each text are tried, one after the other. */
const STEPS = [
  { entries: Infinity, characters: Infinity },
  { entries: 100, characters: 1000 },
  { entries: 20, characters: 400 },
  { entries: 5, characters: 200 },
  { entries: 1, characters: 100 },
  { entries: 0, characters: 60 },
] as const;

/**
 * JSON of at most `maxBytes` bytes: where the whole is too long, lists are cut and the number of entries left out stands beside
 * them (`files`, `filesOmitted`), and texts are cut; where even that is too long, fields named in `expendable` are left out.
 */
export function boundedJson(
  value: Readonly<Record<string, unknown>>,
  maxBytes: number,
  expendable: readonly string[],
): string {
  for (const { entries, characters } of STEPS) {
    const text = JSON.stringify(cut(value, entries, characters));
    if (Buffer.byteLength(text) <= maxBytes) return text;
  }
  const left = Object.fromEntries(Object.entries(value).filter(([key]) => !expendable.includes(key)));
  return JSON.stringify({ ...(cut(left, 0, 60) as object), omitted: expendable });
}

function cut(value: unknown, entries: number, characters: number): unknown {
  if (typeof value === 'string') return value.length > characters ? `${value.slice(0, characters)}…` : value;
  if (Array.isArray(value)) return value.slice(0, entries).map((one) => cut(one, entries, characters));
  if (typeof value !== 'object' || value === null) return value;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return cut((value as { toJSON: () => unknown }).toJSON(), entries, characters);
  }
  const pairs = Object.entries(value);
  const kept: [string, unknown][] = [];
  for (const [key, one] of pairs.slice(0, Math.max(entries, 40))) {
    kept.push([key, cut(one, entries, characters)]);
    if (Array.isArray(one) && one.length > entries) kept.push([`${key}Omitted`, one.length - Math.max(0, entries)]);
  }
  return Object.fromEntries(kept);
}
