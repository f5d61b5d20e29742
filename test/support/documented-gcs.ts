import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CRC32C } from '@google-cloud/storage';

/** What is kept of a chunk whose connection broke: whole units. https://cloud.google.com/storage/docs/performing-resumable-uploads */
const UNIT = 256 * 1024;

interface Session {
  readonly bucket: string;
  readonly query: URLSearchParams;
  readonly resource: Record<string, unknown>;
  stored: Buffer;
  answer: string | undefined;
}

/**
 * A front for fake-gcs-server whose resumable uploads behave as Google describes them: 308 with the range that is stored, also when asked
 * for it; what is sent twice is passed over; a broken chunk is kept up to a multiple of 256 KiB; the checksum of the last request is
 * compared. fake-gcs-server itself ends a session whose state is asked. Everything else passes through.
 */
export async function startDocumentedGcs(target: string) {
  const sessions = new Map<string, Session>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', target);
    const id = url.searchParams.get('upload_id');
    if (id !== null) return void resume(request, response, sessions, id);
    if (request.method === 'POST' && url.searchParams.get('uploadType') === 'resumable') {
      return void begin(request, response, url);
    }
    const { hostname, port } = new URL(target);
    const headers = { ...request.headers, host: `${hostname}:${port}` };
    const passed = httpRequest(url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    passed.on('error', () => response.destroy());
    request.on('error', () => passed.destroy());
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  });

  async function begin(request: IncomingMessage, response: ServerResponse, url: URL) {
    const bucket = decodeURIComponent(/\/b\/([^/]+)\/o/.exec(url.pathname)?.[1] ?? '');
    // A missing bucket shows when the session is begun.
    const seen = await fetch(`${target}/storage/v1/b/${bucket}`);
    if (!seen.ok) return response.writeHead(seen.status, { 'content-type': 'application/json' }).end(await seen.text());
    const text = String(await collect(request));
    const id = randomBytes(12).toString('hex');
    const resource = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    sessions.set(id, { bucket, query: url.searchParams, resource, stored: Buffer.alloc(0), answer: undefined });
    const location = `http://${request.headers.host}${url.pathname}?uploadType=resumable&upload_id=${id}`;
    return response.writeHead(200, { location }).end();
  }

  async function resume(request: IncomingMessage, response: ServerResponse, all: Map<string, Session>, id: string) {
    const session = all.get(id);
    const reply = (status: number, text = '') => {
      const range: Record<string, string> =
        status === 308 && session!.stored.length > 0 ? { range: `bytes=0-${session!.stored.length - 1}` } : {};
      response.writeHead(status, { 'content-type': 'application/json', ...range }).end(text);
    };
    const body = await collect(request, session);
    if (session === undefined) return reply(404);
    if (request.method === 'DELETE') {
      all.delete(id);
      return reply(499);
    }
    if (session.answer !== undefined) return reply(200, session.answer);
    const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(request.headers['content-range'] ?? '');
    if (range === null || body === undefined) return reply(400);
    if (range[1] !== undefined) {
      const overlap = session.stored.length - Number(range[1]);
      if (overlap < 0) return reply(503);
      session.stored = Buffer.concat([session.stored, body.subarray(overlap)]);
    }
    if (range[3] === '*' || session.stored.length < Number(range[3])) return reply(308);
    const said = /crc32c=([A-Za-z0-9+/=]+)/.exec(String(request.headers['x-goog-hash'] ?? ''))?.[1];
    const crc = new CRC32C();
    crc.update(session.stored);
    if (said !== undefined && said !== crc.toString()) {
      all.delete(id);
      return reply(400, JSON.stringify({ error: { message: `Provided CRC32C "${said}" does not match` } }));
    }
    const { status, text } = await store(target, session);
    if (status === 200) session.answer = text;
    return reply(status, text);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Addresses of sessions that are open, whatever is stored in them. */
    open: () => [...sessions.values()].filter(({ answer }) => answer === undefined).length,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return front;
}

/** The body; of one that breaks off in a session, the whole units go to the session and undefined comes back. */
async function collect(request: IncomingMessage, session?: Session): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    return Buffer.concat(chunks);
  } catch {
    const start = Number(/^bytes (\d+)-/.exec(request.headers['content-range'] ?? '')?.[1] ?? NaN);
    if (session?.stored.length === start) {
      const body = Buffer.concat(chunks);
      session.stored = Buffer.concat([session.stored, body.subarray(0, body.length - (body.length % UNIT))]);
    }
    return undefined;
  }
}

/** Hands the finished object to the server in one piece. */
async function store(target: string, { bucket, query, resource, stored }: Session) {
  const boundary = randomBytes(12).toString('hex');
  const name = query.get('name') ?? resource['name'];
  const head = `--${boundary}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify({ ...resource, name })}\r\n--${boundary}\r\ncontent-type: ${JSON.stringify(resource['contentType'] ?? 'application/octet-stream').slice(1, -1)}\r\n\r\n`;
  const wanted = new URLSearchParams({ uploadType: 'multipart', name: String(name) });
  const generation = query.get('ifGenerationMatch');
  if (generation !== null) wanted.set('ifGenerationMatch', generation);
  const answer = await fetch(`${target}/upload/storage/v1/b/${bucket}/o?${wanted.toString()}`, {
    method: 'POST',
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), stored, Buffer.from(`\r\n--${boundary}--`)]),
  });
  return { status: answer.status, text: await answer.text() };
}
