import { describe, expect, it } from 'vitest';
import { Bandwidth } from '../../src/uploaders/bandwidth.js';
import {
  PACE_ROUND_MS,
  PACE_TELL_MS,
  type PaceTrouble,
  RequestPace,
  THROTTLE_STATUSES,
} from '../../src/uploaders/request-pace.js';

/** A store that takes `capacity` requests at once and answers 503 to those above it. Gives the most it was sent at once. */
async function drive(pace: RequestPace, capacity: () => number, requests: number, tick: () => void) {
  let under = 0;
  let most = 0;
  let refused = 0;
  const one = async (): Promise<void> => {
    for (;;) {
      const leave = await pace.enter(0);
      under++;
      most = Math.max(most, under);
      const status = under > capacity() ? 503 : 200;
      await new Promise((resolve) => setImmediate(resolve));
      tick();
      under--;
      leave({ status });
      if (status === 200) return;
      refused++;
    }
  };
  await Promise.all(Array.from({ length: requests }, one));
  return { most, refused };
}

describe('RequestPace', () => {
  it('sends no more at once than it is told', async () => {
    const pace = new RequestPace({ requests: 7 });
    expect(
      await drive(
        pace,
        () => Infinity,
        200,
        () => undefined,
      ),
    ).toEqual({ most: 7, refused: 0 });
  });

  it('takes a request that was stopped here for no trouble of the store', async () => {
    const troubles: PaceTrouble[] = [];
    const pace = new RequestPace({ onTrouble: (trouble) => troubles.push(trouble) });
    const stop = new AbortController();
    const stopped = await pace.enter(0, stop.signal);
    const broken = await pace.enter(0, new AbortController().signal);
    stop.abort();
    stopped({ broken: 'AbortError' });
    expect(troubles).toEqual([]);
    broken({ broken: 'ECONNRESET' });
    expect(troubles.map(({ got }) => got)).toEqual(['ECONNRESET']);
  });

  it('backs off from a store that throttles, and recovers when it does no more', async () => {
    let now = 0;
    const pace = new RequestPace({ requests: 32, now: () => now });
    let capacity = 5;
    // A hundred answers in a round.
    const tick = () => void (now += PACE_ROUND_MS / 100);
    const { refused } = await drive(pace, () => capacity, 3000, tick);
    expect(pace.requests).toBeLessThanOrEqual(8);
    // Almost all the refusals lie at the beginning, and a few where it tries whether there is more.
    expect(refused).toBeLessThan(600);
    capacity = Infinity;
    await drive(pace, () => capacity, 5000, tick);
    expect(pace.requests).toBe(32);
  });

  it.each([...[...THROTTLE_STATUSES].map((status) => ({ status })), { broken: 'ETIMEDOUT' }])(
    'halves once for all the answers to what was under way: %j',
    async (outcome) => {
      let now = 1e6;
      const pace = new RequestPace({ requests: 16, now: () => now });
      for (const leave of await Promise.all(Array.from({ length: 10 }, () => pace.enter(0)))) leave(outcome);
      expect(pace.requests).toBe(8);
      now += PACE_ROUND_MS;
      pace.saw(outcome);
      expect(pace.requests).toBe(4);
      for (let i = 0; i < 10; i++) {
        now += PACE_ROUND_MS;
        pace.saw(outcome);
      }
      expect(pace.requests).toBe(1);
    },
  );

  it('keeps its pace when a connection breaks or a request is refused', () => {
    const pace = new RequestPace({ requests: 16 });
    for (const outcome of [{ broken: 'ECONNRESET' }, { status: 500 }, { status: 404 }, { status: 412 }])
      pace.saw(outcome);
    expect(pace.requests).toBe(16);
  });

  it('tells of trouble, but not of every piece of it', () => {
    let now = 1e6;
    const told: PaceTrouble[] = [];
    const pace = new RequestPace({ requests: 8, now: () => now, onTrouble: (trouble) => told.push(trouble) });
    for (let i = 0; i < 5; i++) pace.saw({ status: 503 });
    pace.saw({ status: 200 });
    now += PACE_TELL_MS;
    pace.saw({ broken: 'ECONNRESET' });
    expect(told).toEqual([
      { got: '503', throttled: true, requests: 4 },
      { got: 'ECONNRESET', throttled: false, requests: 4 },
    ]);
  });

  it('lets nobody wait whose signal has fired', async () => {
    const pace = new RequestPace({ requests: 1 });
    const leave = await pace.enter(0);
    const controller = new AbortController();
    const waiting = pace.enter(0, controller.signal);
    const next = pace.enter(0);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    leave({ status: 200 });
    (await next)({ status: 200 });
    await expect(pace.enter(0, controller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('Bandwidth', () => {
  it('lets out what the rate allows, in turn, one burst ahead', async () => {
    const bandwidth = new Bandwidth(1_000_000);
    const started = performance.now();
    const order: number[] = [];
    // 1 MB goes at once, 1.5 MB more take a second and a half, less the last one's own share, which is not waited for.
    await Promise.all(
      Array.from({ length: 25 }, async (_, i) => {
        await bandwidth.take(100_000);
        order.push(i);
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(seconds).toBeGreaterThan(1.3);
    expect(seconds).toBeLessThan(3);
  });

  it('ends a wait when the signal fires', async () => {
    const bandwidth = new Bandwidth(10);
    await bandwidth.take(1_000);
    const controller = new AbortController();
    const waiting = bandwidth.take(1, controller.signal);
    setTimeout(() => controller.abort(), 10);
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
