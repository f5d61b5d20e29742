import { describe, expect, it } from 'vitest';

// bench/ is plain JavaScript: its modules are loaded by address, without types.
const lib = (file: string): string => new URL(`../../bench/lib/${file}`, import.meta.url).href;
const { summary, withRatios } = await import(lib('contest.mjs'));
const { renderTable } = await import(lib('table.mjs'));
const { renderPicture } = await import(lib('picture.mjs'));
const { parseSize, showSize } = await import(lib('sizes.mjs'));
const { measure } = await import(lib('measure.mjs'));

describe('figures', () => {
  it('are medians, per second of the whole input', () => {
    const runs = [3, 1, 2].map((seconds) => ({ seconds, peakBytes: seconds * 1e6, outputBytes: 5 }));
    expect(summary(runs, {}, { rows: 100, textBytes: 8e6 })).toMatchObject({
      seconds: 2,
      allSeconds: [3, 1, 2],
      rowsPerSecond: 50,
      mbPerSecond: 4,
      peakBytes: 2e6,
      outputBytes: 5,
    });
  });

  it('compare a tool with pineload on as many threads, and fall back to its default', () => {
    const rows = [
      { id: 'pineload', reference: true, seconds: 1 },
      { id: 'pineload-1', reference: true, seconds: 2 },
      { id: 'two', seconds: 6 },
      { id: 'one', seconds: 12 },
      { id: 'absent', seconds: 3 },
      { id: 'broken', failed: 'why' },
    ];
    const contenders = [
      ...rows.slice(0, 3),
      { id: 'one', against: 'pineload-1' },
      { id: 'absent', against: 'pineload-8' },
      { id: 'broken' },
    ];
    expect(withRatios(rows, contenders).map(({ ratio }: { ratio?: number }) => ratio)).toEqual([
      undefined,
      undefined,
      6,
      6,
      3,
      undefined,
    ]);
  });

  it.each([
    ['128MB', 128e6, '128 MB'],
    ['2GB', 2e9, '2.00 GB'],
    ['1.5 GiB', 1.5 * 2 ** 30, '1.61 GB'],
    ['500', 500, '0.5 kB'],
  ])('read sizes: %s', (text, bytes, shown) => {
    expect(parseSize(text)).toBe(bytes);
    expect(showSize(bytes)).toBe(shown);
  });

  it.each(['', '2 apples', '-1GB', '0'])('refuse sizes: %j', (text) => {
    expect(() => parseSize(text)).toThrow('--size');
  });
});

describe('report', () => {
  const rows = [
    {
      case: 'c',
      title: 'convert <this> & that',
      tool: 'pineload',
      threads: 2,
      seconds: 0.5,
      mbPerSecond: 256,
      reference: true,
    },
    {
      case: 'c',
      title: 'convert <this> & that',
      tool: 'DuckDB',
      threads: 2,
      seconds: 4,
      mbPerSecond: 32,
      ratio: 8,
      target: 6,
    },
    {
      case: 'c',
      title: 'convert <this> & that',
      tool: 'polars',
      seconds: 3,
      mbPerSecond: 43,
      ratio: 6,
      target: 150,
      scaledFrom: 10,
    },
    { case: 'c', title: 'convert <this> & that', tool: 'lame', failed: 'why' },
  ];

  it('puts aims met and missed, scaled times and failures in the table', () => {
    const lines = renderTable(rows).split('\n');
    expect(lines.filter((line: string) => line === 'convert <this> & that')).toHaveLength(1);
    expect(lines.find((line: string) => line.includes('DuckDB'))).toMatch(/4\.00 s .*8\.00× +met: ≥ 6×/);
    expect(lines.find((line: string) => line.includes('polars'))).toMatch(/3\.00 s\* .*missed: ≥ 150×/);
    expect(lines.find((line: string) => line.includes('lame'))).toContain('failed');
  });

  it('draws a bar as long as the speed, and escapes text', () => {
    const svg: string = renderPicture(rows, { title: 'speed', footer: ['a & b'] });
    const widths = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(widths).toHaveLength(3);
    expect(widths[0] / widths[1]).toBeCloseTo(8, 1);
    expect(svg).toContain('convert &lt;this&gt; &amp; that');
    expect(svg).toContain('a &amp; b');
  });
});

describe('measure', () => {
  const script = (code: string): string[] => [process.execPath, '-e', code];

  it('counts the memory of worker threads', async () => {
    const worker = `new (require('node:worker_threads').Worker)('globalThis.kept = Buffer.alloc(150e6, 1)', { eval: true })`;
    const [none, some] = [await measure(script('0')), await measure(script(worker))];
    expect(some.peakBytes - none.peakBytes).toBeGreaterThan(140e6);
    expect(some.failed).toBeUndefined();
  });

  it('does not count what this process holds', async () => {
    const held = Buffer.alloc(300e6, 1);
    const run = await measure(script('0'));
    expect(run.peakBytes).toBeLessThan(held.length / 2);
  });

  it('says why a process failed', async () => {
    const run = await measure(script('console.error("it broke"); process.exit(3)'));
    expect(run.failed).toBe('ended with 3: it broke');
    expect((await measure(['/no/such/program'])).failed).toContain('ENOENT');
  });
});
