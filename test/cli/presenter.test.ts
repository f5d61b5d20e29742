import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { createPresenter, JSON_PROGRESS_INTERVAL_MS } from '../../src/cli/presenter.js';
import { RepeatedSpills, SPILL_INTERVAL_MS } from '../../src/cli/repeated-spills.js';

it('JSON lines: every event, but of counts that change all the time no more than a log can bear', async () => {
  const stream = new PassThrough();
  const presenter = await createPresenter({
    json: true,
    quiet: false,
    stream: stream as unknown as NodeJS.WriteStream,
  });
  const counts = (bytesRead: number): PineloadEvent => ({
    type: 'convert.progress',
    bytesRead,
    bytesTotal: 100,
    records: 0,
    rejected: 0,
    files: 0,
    bytesWritten: 0,
  });
  for (let i = 0; i < 50; i++) {
    presenter.show(counts(i));
    presenter.show({ type: 'spill', bytes: i, directory: '/tmp' });
  }
  presenter.show({ type: 'verify.progress', seen: 1, expected: 2 });
  await sleep(JSON_PROGRESS_INTERVAL_MS + 50);
  presenter.show(counts(99));
  presenter.close();
  const lines = String(stream.read())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; bytesRead?: number });
  expect(lines.filter(({ event }) => event === 'spill')).toHaveLength(50);
  expect(lines.filter(({ event }) => event === 'verify.progress')).toHaveLength(1);
  expect(lines.filter(({ event }) => event === 'convert.progress').map(({ bytesRead }) => bytesRead)).toEqual([0, 99]);
});

describe('for people, spills are told of together', () => {
  const spill = (bytes: number): PineloadEvent => ({ type: 'spill', bytes, directory: '/tmp' });
  const done: PineloadEvent = { type: 'upload.done', to: 'x', files: 1, skipped: 0, bytes: 1, seconds: 1 };

  it.each<[string, PineloadEvent[], number[]]>([
    ['one', [spill(1e6)], [1]],
    ['many: the first, and the sum of the others at the end', Array<PineloadEvent>(55).fill(spill(1e6)), [1, 54]],
    ['the sum comes before the closing line, once', [spill(1e6), spill(2e6), spill(3e6), done], [1, 5, NaN]],
    ['none', [done], [NaN]],
  ])('%s', async (_name, events, megabytes) => {
    const stream = new PassThrough();
    const presenter = await createPresenter({
      json: false,
      quiet: false,
      stream: stream as unknown as NodeJS.WriteStream,
    });
    events.forEach((event) => presenter.show(event));
    presenter.close();
    const lines = String(stream.read()).trimEnd().split('\n');
    expect(lines.map((line) => Number(/^Memory is full: ([\d.]+) MB/.exec(line)?.[1]))).toEqual(megabytes);
  });

  it('and again after a while', () => {
    const spills = new RepeatedSpills();
    const at = (now: number): number | undefined =>
      spills.add({ type: 'spill', bytes: 10, directory: '/tmp' }, now)?.bytes;
    expect([at(0), at(1), at(2), at(SPILL_INTERVAL_MS), at(SPILL_INTERVAL_MS + 1)]).toEqual([
      10,
      undefined,
      undefined,
      30,
      undefined,
    ]);
    expect(spills.rest()?.bytes).toBe(10);
  });
});

describe('progress on a terminal of any width', () => {
  const upload: PineloadEvent = {
    ...{ type: 'upload.progress', files: 1234, filesTotal: 10_000, bytes: 1.2e9, bytesTotal: 10e9 },
    ...{ bytesPerSecond: 88e6, secondsLeft: 125 },
  };
  const convert: PineloadEvent = {
    ...{ type: 'convert.progress', bytesRead: 1.2e9, bytesTotal: 10e9, records: 1_234_567, rejected: 12 },
    ...{ files: 3, bytesWritten: 400e6, bytesPerSecond: 88e6, secondsLeft: 125 },
  };

  it.each<[number, PineloadEvent, string]>([
    [120, upload, '1,234/10,000 files, 1.2 GB of 10 GB uploaded, 88 MB/s, 2 min 05 s left'],
    [80, upload, '1,234/10,000 files, 1.2 GB of 10 GB uploaded, 88 MB/s, 2 min 05 s left'],
    [60, upload, '1.2 GB of 10 GB uploaded, 88 MB/s, 2 min 05 s left'],
    [40, upload, '1.2 GB, 88 MB/s, 2 min 05 s left'],
    [30, upload, '1.2 GB, 88 MB/s, 2 min 05 s le'],
    [120, convert, '1,234,567 records, 12 rejected, 1.2 GB of 10 GB read, 400 MB written, 88 MB/s, 2 min 05 s left'],
    [80, convert, '1.2 GB of 10 GB read, 12 rejected, 88 MB/s, 2 min 05 s left'],
    [40, convert, '1.2 GB, 88 MB/s, 2 min 05 s left'],
  ])('%i columns', async (columns, event, expected) => {
    vi.stubEnv('CI', undefined);
    vi.stubEnv('TERM', 'xterm');
    try {
      const stream = Object.assign(new PassThrough(), { isTTY: true, columns, rows: 24 });
      const presenter = await createPresenter({
        json: false,
        quiet: false,
        stream: stream as unknown as NodeJS.WriteStream,
      });
      presenter.show(event);
      const shown = stripVTControlCharacters(String(stream.read())).split('\n')[0]!;
      expect(shown.length).toBeLessThan(columns);
      expect(shown.replace(/^[█░]* *(\d+ % +)?/, '')).toBe(expected.slice(0, columns - 1));
      if (columns > 30) expect(shown).toContain('12 %');
      presenter.close();
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
