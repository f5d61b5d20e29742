import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the proxy sees it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** Requests at the proxy just now, this one included. */
  readonly under: number;
}

/** What happens to a request. Without any of it the request passes. */
export interface Fault {
  /** Which requests; all by default. */
  readonly on?: (request: SeenRequest) => boolean;
  /** Of these, so many pass first. Default 0. */
  readonly after?: number;
  /** And so many are befallen. Default 1; Infinity for all. */
  readonly times?: number;
  readonly act:
    | {
        readonly kind: 'answer';
        readonly status: number;
        readonly body?: string;
        readonly headers?: Record<string, string>;
      }
    /** The connection is reset, before the server has seen the request. */
    | { readonly kind: 'reset' }
    /** The server has done it, and the answer is lost. */
    | { readonly kind: 'lose-answer' }
    /** The answer's head and half of its body, then a reset. */
    | { readonly kind: 'half-answer' }
    /** No answer, ever. */
    | { readonly kind: 'silence' }
    /** Something is done first, and then the request passes. */
    | { readonly kind: 'do'; readonly action: () => Promise<void> }
    /** The body arrives with one bit flipped. */
    | { readonly kind: 'flip' };
}

export interface FaultProxy {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Faults from now on; the first that fits a request befalls it. Counts begin anew. */
  set(...faults: readonly Fault[]): void;
  /** Requests befallen since `set`. */
  readonly befallen: number;
  /** Requests seen since `set`, and the most at once. */
  readonly seen: number;
  readonly most: number;
  stop(): Promise<void>;
}

/** An HTTP proxy on this machine, in front of a real server, that befalls requests as a table says. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  let faults: { readonly fault: Fault; passed: number; left: number }[] = [];
  const counts = { befallen: 0, seen: 0, most: 0, under: 0 };

  const pass = (seen: SeenRequest, raw: readonly string[], body: Buffer) =>
    new Promise<{ answer: http.IncomingMessage; body: Buffer }>((resolve, reject) => {
      // The head as it came, its Host above all: signatures cover it.
      const headers = [...raw];
      for (let i = headers.length - 2; i >= 0; i -= 2) {
        // Chunked bodies were gathered, and the server need not ask to go on.
        if (/^(?:transfer-encoding|expect|connection|content-length)$/i.test(headers[i]!)) headers.splice(i, 2);
      }
      const bodyless = seen.method === 'GET' || seen.method === 'HEAD';
      if (!bodyless || body.length > 0) headers.push('Content-Length', String(body.length));
      const request = http.request(
        { agent, hostname, port, method: seen.method, path: seen.url, headers },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (data: Buffer) => chunks.push(data));
          answer.on('end', () => resolve({ answer, body: Buffer.concat(chunks) }));
          answer.on('error', reject);
        },
      );
      request.on('error', reject);
      request.end(body);
    });

  const server = http.createServer((request, response) => {
    counts.seen++;
    counts.most = Math.max(counts.most, ++counts.under);
    response.once('close', () => counts.under--);
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (data: Buffer) => chunks.push(data));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const seen = { method: request.method!, url: request.url!, headers: request.headers, body, under: counts.under };
      const found = faults.find((each) => {
        if (each.left === 0 || !(each.fault.on?.(seen) ?? true)) return false;
        return each.passed-- <= 0;
      });
      const act = found?.fault.act;
      if (found !== undefined) {
        found.left--;
        counts.befallen++;
      }
      const work = async () => {
        if (act?.kind === 'answer') {
          return void response
            .writeHead(act.status, { 'content-type': 'application/xml', ...act.headers })
            .end(act.body);
        }
        if (act?.kind === 'reset') return void request.socket.resetAndDestroy();
        if (act?.kind === 'silence') return;
        if (act?.kind === 'do') await act.action();
        if (act?.kind === 'flip' && body.length > 0) body[body.length >> 1]! ^= 1;
        const { answer, body: answered } = await pass(seen, request.rawHeaders, body);
        if (act?.kind === 'lose-answer') return void request.socket.resetAndDestroy();
        response.writeHead(answer.statusCode!, answer.rawHeaders);
        if (act?.kind !== 'half-answer') return void response.end(answered);
        response.write(answered.subarray(0, answered.length >> 1), () => request.socket.resetAndDestroy());
      };
      work().catch(() => request.socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (...wanted) => {
      faults = wanted.map((fault) => ({ fault, passed: fault.after ?? 0, left: fault.times ?? 1 }));
      Object.assign(counts, { befallen: 0, seen: 0, most: counts.under });
    },
    get befallen() {
      return counts.befallen;
    },
    get seen() {
      return counts.seen;
    },
    get most() {
      return counts.most;
    },
    stop: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
