import { PineloadError, quote } from './errors.js';

const UNITS: Readonly<Record<string, number>> = { '': 1000, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/**
 * Reads a duration such as `60s`, `5m`, `1.5 h` or `30` (seconds).
 *
 * @returns milliseconds, whole, above zero
 * @throws OPTION_INVALID naming `option`
 */
export function parseDuration(text: string | number, option: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(text));
  const unit = match ? UNITS[(match[2] ?? '').toLowerCase()] : undefined;
  const ms = match && unit !== undefined ? Math.round(Number(match[1]) * unit) : NaN;
  if (!Number.isSafeInteger(ms) || ms <= 0) {
    throw new PineloadError('OPTION_INVALID', {
      field: option,
      expected: 'a duration above zero such as 60s, 5m or 1h',
      got: quote(String(text)),
    });
  }
  return ms;
}
