import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Storage } from '@google-cloud/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PineloadError, toPineloadError } from '../../src/base/errors.js';
import { GcsHttp, textOf } from '../../src/uploaders/gcs-http.js';
import { GcsSession } from '../../src/uploaders/gcs-session.js';
import { RequestPace } from '../../src/uploaders/request-pace.js';
import { explainFault } from '../../src/uploaders/store-errors.js';

/** What the server does with the next request that brings bytes. */
type Fault = { readonly keep: number } & (
  { readonly status: number } | { readonly cut: true } | { readonly lose: true }
);

/**
 * The receiving side of a resumable upload as Google describes it, fault by fault; fake-gcs-server ends a session that is asked for
 * its state, so resuming cannot be tried on it. https://cloud.google.com/storage/docs/performing-resumable-uploads
 */
async function startSession() {
  let stored = Buffer.alloc(0);
  let done = false;
  const faults: Fault[] = [];
  const log: string[] = [];
  const server = createServer((request, response) => {
    const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(request.headers['content-range'] ?? '')!;
    log.push(request.headers['content-range'] ?? '');
    const chunks: Buffer[] = [];
    const answer = (status: number) => {
      const headers: Record<string, string> = stored.length > 0 ? { Range: `bytes=0-${stored.length - 1}` } : {};
      if (status !== 308) delete headers['Range'];
      const text = status === 200 ? JSON.stringify({ size: String(stored.length), generation: '7' }) : 'said so';
      response.writeHead(status, headers).end(text);
    };
    request.on('error', () => undefined);
    request.on('data', (data: Buffer) => chunks.push(data));
    request.on('end', () => {
      if (range[1] === undefined) return answer(done ? 200 : 308);
      const body = Buffer.concat(chunks);
      expect(body.length).toBe(Number(range[2]) - Number(range[1]) + 1);
      const fault = faults.shift();
      const kept = fault === undefined ? body : body.subarray(0, fault.keep);
      // Bytes that are there already are passed over; a gap is an error.
      const overlap = stored.length - Number(range[1]);
      if (overlap < 0) return answer(400);
      stored = Buffer.concat([stored, kept.subarray(overlap)]);
      done ||= range[3] !== '*' && stored.length === Number(range[3]);
      if (fault !== undefined && 'cut' in fault) return request.socket.resetAndDestroy();
      if (fault !== undefined && 'lose' in fault) return response.destroy();
      if (fault !== undefined && 'status' in fault) return answer(fault.status);
      return answer(done ? 200 : 308);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/session?upload_id=secret`,
    faults,
    log,
    stored: () => stored,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a GCS upload session', () => {
  let server: Awaited<ReturnType<typeof startSession>>;
  let session: GcsSession;
  const { signal } = new AbortController();
  beforeEach(async () => {
    server = await startSession();
    const wire = new GcsHttp(new Storage({ projectId: 'x' }), true, new RequestPace());
    session = new GcsSession(
      async ({ method = 'PUT', ...request }) => {
        const answer = await wire.send({ url: server.url, method, ...request });
        return { status: answer.status, range: answer.headers['range'] as string, text: await textOf(answer) };
      },
      3,
      (status) => new PineloadError(status >= 500 ? 'STORE_TEMPORARY' : 'STORE_REFUSED', { got: String(status) }),
      (error) =>
        error instanceof PineloadError
          ? error
          : explainFault(error, { source: 'gs://b/k', fault: {}, codes: {}, credentialsHint: '' }),
    );
  });
  afterEach(() => server.stop());

  const send = async (bytes: Buffer, partBytes: number) => {
    let result: unknown;
    for (let offset = 0; offset < bytes.length; offset += partBytes) {
      const last = offset + partBytes >= bytes.length;
      result = await session.part({ offset, bytes: bytes.subarray(offset, offset + partBytes), last }, signal);
    }
    return result;
  };

  const cases: [string, Fault[]][] = [
    ['without a fault', []],
    ['when an answer is 503 and nothing was kept', [{ keep: 0, status: 503 }]],
    ['when an answer is 503 and half was kept', [{ keep: 500, status: 503 }]],
    ['when an answer is 429 and all was kept', [{ keep: 1000, status: 429 }]],
    ['when the connection is reset', [{ keep: 700, cut: true }]],
    ['when the answer to a kept chunk is lost', [{ keep: 1000, lose: true }]],
    ['when less is kept than was sent', [{ keep: 10, status: 308 }]],
    ['when it goes wrong again and again, but goes on', [1, 2, 3, 4, 5, 6].map((keep) => ({ keep, status: 500 }))],
  ];
  for (const partBytes of [1000, 700, 5000]) {
    it.each(cases)(`sends parts of ${partBytes} bytes %s`, async (_, faults) => {
      const bytes = randomBytes(2500);
      server.faults.push(...faults);
      expect(await send(bytes, partBytes)).toMatchObject({ size: '2500', generation: '7' });
      expect(createHash('md5').update(server.stored()).digest('hex')).toBe(
        createHash('md5').update(bytes).digest('hex'),
      );
    });
  }

  it('gives up on a server that keeps failing', async () => {
    server.faults.push(...Array.from({ length: 9 }, () => ({ keep: 0, status: 503 })));
    await expect(send(randomBytes(10), 10)).rejects.toMatchObject({ code: 'STORE_TEMPORARY', got: '503' });
    expect(server.faults).toHaveLength(6);
  });

  it('does not repeat what is refused', async () => {
    server.faults.push({ keep: 0, status: 400 });
    const error = toPineloadError(await send(randomBytes(10), 10).catch((thrown: unknown) => thrown));
    expect(error.code).toBe('STORE_REFUSED');
    expect(server.log).toEqual(['bytes 0-9/10']);
  });
});
