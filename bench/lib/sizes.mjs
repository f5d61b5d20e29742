const UNITS = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 };

/**
 * @param {string} text such as `128MB` or `2GiB`
 * @returns {number} bytes
 */
export function parseSize(text) {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?i?B?)\s*$/i.exec(text);
  const unit = match && UNITS[(match[2] || 'B').toUpperCase()];
  const bytes = unit ? Math.round(Number(match[1]) * unit) : 0;
  if (!(bytes > 0)) throw new Error(`--size: a size such as 128MB or 2GB is expected, not ${JSON.stringify(text)}`);
  return bytes;
}

/** @param {number} bytes */
export function showSize(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes >= 1e8 ? 0 : 1)} MB`;
  return `${(bytes / 1e3).toFixed(1)} kB`;
}
