import { describe, expect, it } from 'vitest';
import { LIMITS as FLAGS, RULES } from '../../src/cli/options.js';
import { importLimits, type LimitOptions } from '../../src/pipeline/options.js';
import { LIMITS, parseRecordLimits, type RecordLimits } from '../../src/records/limits.js';

describe('every limit that is listed', () => {
  it.each(LIMITS)('$title: $flag, $option', ({ flag, option }) => {
    const [name, value] = flag.split(' ');
    if (name === '--limits') {
      expect(RULES.map(({ flags }) => flags.split(' ')[0])).toContain('--limits');
      const key = option.replace('limits.', '') as keyof RecordLimits;
      expect(parseRecordLimits(value!.replace('N', '77'))).toEqual({ [key]: 77 });
      return;
    }
    expect(FLAGS.map(({ flags }) => flags.split(' ')[0])).toContain(flag);
    const camel = flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    expect(option).toBe(camel);
    const read = Object.values(importLimits({ [option]: 77 } as LimitOptions)).filter((limit) => limit !== undefined);
    expect(read).toEqual([77]);
  });
});
