import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { createPresenter, JSON_PROGRESS_INTERVAL_MS } from '../../src/cli/presenter.js';

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
