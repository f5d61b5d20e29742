import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onFreePort, type ServerProcess, startServer } from '../support/process.js';

/** API versions whose descriptions are in `openapi/`. */
export const VERSIONS = ['2025-10', '2026-04'] as const;
type Plane = 'data' | 'control';

/** One request and its answer, as they passed prism. */
export interface Exchange {
  /** `GET /bulk/imports 200 (2026-04)`. */
  readonly call: string;
  /** What prism found, one sentence each. */
  readonly violations: readonly string[];
}

/** Alters the body of an answer on its way from the server to prism. */
export type Tamper = (path: string, body: string) => string;

/**
 * Puts `prism proxy --errors` between clients and servers: client → front → prism (one for each plane and API version, chosen by
 * path and version header) → back → server. Front and back are ours: they choose the prism and the server, note what prism
 * says, and put the front's address where an index's host is told, so that clients stay on this way.
 */
export class PrismProxy {
  readonly exchanges: Exchange[] = [];
  tamper: Tamper | undefined;
  readonly #directory: string;
  readonly #prisms = new Map<string, number>();
  readonly #processes: ServerProcess[] = [];
  readonly #servers: Server[] = [];
  #backUrl = '';

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async start(): Promise<PrismProxy> {
    const proxy = new PrismProxy(await mkdtemp(join(tmpdir(), 'pineload-prism-')));
    try {
      proxy.#backUrl = await proxy.#listen((message, response) => proxy.#back(message, response));
      for (const version of VERSIONS)
        for (const plane of ['data', 'control'] as const) await proxy.#prism(plane, version);
      return proxy;
    } catch (error) {
      await proxy.stop();
      throw error;
    }
  }

  /** An address that leads to `server` by way of prism. */
  async front(server: string): Promise<string> {
    const url: string = await this.#listen((message, response) => this.#front(message, response, server, url));
    return url;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(this.#servers.map((server) => new Promise((done) => server.close(done))));
    await Promise.all(this.#processes.map((each) => each.stop()));
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #prism(plane: Plane, version: string): Promise<void> {
    const name = `db_${plane}_${version}.oas.yaml`;
    const text = await readFile(fileURLToPath(new URL(`openapi/${name}`, import.meta.url)), 'utf8');
    const document = join(this.#directory, name);
    // The description's own example fails that format; see openapi/README.md.
    await writeFile(document, text.replaceAll(/^ *format: byte\n/gm, ''));
    const cli = resolve(
      process.env['PINELOAD_TEST_TOOLS'] ?? '.cache/npm/tools',
      'node_modules/@stoplight/prism-cli/dist/index.js',
    );
    await onFreePort(async (port) => {
      const args = [cli, 'proxy', '--errors', '--host', '127.0.0.1', '--port', String(port), document, this.#backUrl];
      this.#processes.push(await startServer(process.execPath, args, `http://127.0.0.1:${port}/`));
      this.#prisms.set(`${plane} ${version}`, port);
    });
  }

  async #listen(answer: (message: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<string> {
    const server = createServer((message, response) => {
      answer(message, response).catch((error: unknown) => response.writeHead(502).end(String(error)));
    });
    await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
    this.#servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #front(message: IncomingMessage, response: ServerResponse, server: string, url: string): Promise<void> {
    const path = message.url ?? '/';
    const version = String(message.headers['x-pinecone-api-version']);
    const plane: Plane = /^\/indexes(\/|\?|$)/.test(path) ? 'control' : 'data';
    const port = this.#prisms.get(`${plane} ${version}`);
    const call = `${message.method} ${path}`;
    if (port === undefined) {
      this.exchanges.push({ call, violations: [`no description of API version ${version}`] });
      response.writeHead(501).end();
      return;
    }
    const answer = await forward(message, `http://127.0.0.1:${port}`, { 'x-server': server });
    this.exchanges.push({ call: `${call} ${answer.status} (${version})`, violations: violationsIn(answer) });
    send(response, { ...answer, body: answer.body.replaceAll(server, url) });
  }

  async #back(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const server = message.headers['x-server'];
    if (typeof server !== 'string') throw new Error('not from the front');
    const answer = await forward(message, server, {});
    const body = this.tamper?.(message.url ?? '/', answer.body) ?? answer.body;
    send(response, { ...answer, body });
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Headers of one connection, not of the message (RFC 9110, 7.6.1), and the length, which is set anew. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-length'];

async function forward(message: IncomingMessage, to: string, extra: Record<string, string>): Promise<Answer> {
  const sent = await read(message);
  const headers = { ...without(message.headers, [...HOP_BY_HOP, 'host', 'accept-encoding']), ...extra };
  return new Promise((done, fail) => {
    const onward = request(new URL(message.url ?? '/', to), { method: message.method, headers }, (answer) => {
      read(answer).then((body) => {
        done({ status: answer.statusCode ?? 0, headers: without(answer.headers, HOP_BY_HOP), body });
      }, fail);
    });
    onward.on('error', fail);
    if (sent !== '') onward.setHeader('content-length', Buffer.byteLength(sent));
    onward.end(sent);
  });
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

async function read(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
}

function without(headers: Answer['headers'], names: readonly string[]): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !names.includes(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}

/** Prism's findings: errors replace the answer by a problem report (RFC 7807), lesser ones come in a header. */
function violationsIn(answer: Answer): string[] {
  const header = answer.headers['sl-violations'];
  const found = typeof header === 'string' ? (JSON.parse(header) as unknown[]) : [];
  if (String(answer.headers['content-type']).startsWith('application/problem+json'))
    found.push(JSON.parse(answer.body));
  return found.map((each) => JSON.stringify(each));
}
