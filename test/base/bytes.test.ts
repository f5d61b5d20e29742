import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatSeconds, parseBytes } from '../../src/base/bytes.js';

describe('sizes', () => {
  it.each([
    ['400MB', 400_000_000],
    ['512 MiB', 536_870_912],
    ['1.5kB', 1500],
    ['10', 10],
    [7, 7],
    ['2TB', 2e12],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseBytes(text, 'x')).toBe(bytes);
  });

  it.each(['', 'big', '-1', '0', '1XB', '1e3', NaN, 0])('%s is no size', (text) => {
    expect(() => parseBytes(text, 'fileSize')).toThrow(/fileSize.*expected a size above zero/);
  });

  it('are shown in decimal units', () => {
    expect([0, 999, 1000, 9999, 848_321, 1.26e9, 2e12, 5e15].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '10.0 kB',
      '848 kB',
      '1.3 GB',
      '2.0 TB',
      '5000 TB',
    ]);
  });

  it('counts and times read well', () => {
    expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect([0.04, 9.94, 12.4, 65, 3725].map(formatSeconds)).toEqual([
      '0.0 s',
      '9.9 s',
      '12 s',
      '1 min 05 s',
      '1 h 02 min',
    ]);
  });
});
