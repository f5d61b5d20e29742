/**
 * The wait that a `Retry-After` header asks for, in milliseconds: whole seconds or an HTTP date (RFC 9110, section
 * 10.2.3). Undefined when there is none or it makes no sense; a date gone by is 0.
 *
 * @param now current time in milliseconds since the epoch
 */
export function parseRetryAfter(header: string | null | undefined, now: number): number | undefined {
  if (header === null || header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // All three forms of an HTTP date begin with the day's name; Date.parse alone would also take "-5" for a year.
  if (!/^(mon|tue|wed|thu|fri|sat|sun)/i.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
