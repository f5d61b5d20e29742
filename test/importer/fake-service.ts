import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with one request, instead of or after acting on it. */
export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: http.OutgoingHttpHeaders;
      readonly acts?: boolean;
    }
  | { readonly kind: 'reset'; readonly acts: boolean }
  | { readonly kind: 'raw'; readonly body: string; readonly acts: boolean }
  | { readonly kind: 'hang'; readonly acts: boolean };

export type Route = 'index' | 'start' | 'list' | 'describe' | 'cancel' | 'stats' | 'namespaces' | 'namespace' | 'fetch';

export interface SeenRequest {
  readonly route: Route | 'unknown';
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** What an import of the fake looks like in answers; any field, any style. */
export type FakeImport = Record<string, unknown> & { id: string };

/**
 * A small stand-in for the service that does exactly what a test tells it: faults in order, any answer, and above all it
 * counts how many imports were started.
 */
export class FakeService {
  url = '';
  starts = 0;
  readonly requests: SeenRequest[] = [];
  readonly imports: FakeImport[] = [];
  /** Faults by route, one for each request, until there are none left. */
  readonly faults = new Map<Route, Fault[]>();
  /** Answers by route: one for each request, the last one for good. Without: the usual answer. */
  readonly answers = new Map<Route, unknown[]>();
  /** How long the list does not show an import after its start, in ms. */
  listLagMs = 0;
  pageSize = 100;
  /** Always give this page token, as a broken list would. */
  stuckToken: string | undefined;
  namespaces: Record<string, number> = {};
  readonly #bornAt = new Map<string, number>();
  readonly #server = http.createServer((request, response) => void this.#serve(request, response));

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  count(route: Route): number {
    return this.requests.filter((request) => request.route === route).length;
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let body = '';
    for await (const piece of request) body += String(piece);
    const { method = '', url = '' } = request;
    const route = routeOf(method, new URL(url, 'http://fake').pathname);
    this.requests.push({ route, method, url, headers: request.headers, body });
    if (route === 'unknown') return send(response, 404, { code: 5, message: `no route ${url}` });

    const fault = this.faults.get(route)?.shift();
    const acts = fault === undefined || ('acts' in fault && fault.acts === true);
    const answer = acts ? this.#act(route, method, url, body) : { status: 500, body: {} };
    switch (fault?.kind) {
      case 'status':
        response.writeHead(fault.status, fault.headers);
        response.end(fault.body ?? '{"code":13,"message":"told to fail","details":[]}');
        return;
      case 'reset':
        request.socket.resetAndDestroy();
        return;
      case 'raw':
        response.end(fault.body);
        return;
      case 'hang':
        return;
      default:
        return send(response, answer.status, answer.body);
    }
  }

  #act(route: Route, method: string, url: string, body: string): { status: number; body: unknown } {
    if (route === 'start') {
      this.starts++;
      const id = String(this.starts);
      const { uri } = JSON.parse(body) as { uri: string };
      this.imports.push({ id, uri, status: 'Pending', createdAt: new Date().toISOString() });
      this.#bornAt.set(id, Date.now());
    }
    const scripted = this.answers.get(route);
    if (scripted !== undefined && scripted.length > 0) {
      return { status: 200, body: scripted.length > 1 ? scripted.shift() : scripted[0] };
    }
    const { pathname, searchParams } = new URL(url, 'http://fake');
    const last = decodeURIComponent(pathname.split('/').at(-1) ?? '');
    switch (route) {
      case 'start':
        return { status: 200, body: { id: String(this.starts) } };
      case 'list': {
        const shown = this.imports.filter(({ id }) => Date.now() - (this.#bornAt.get(id) ?? 0) >= this.listLagMs);
        const from = Number(searchParams.get('paginationToken')?.slice(1) ?? 0);
        const next = from + this.pageSize;
        const token = this.stuckToken ?? (next < shown.length ? `t${next}` : undefined);
        const data = shown.slice(from, next);
        return { status: 200, body: token === undefined ? { data } : { data, pagination: { next: token } } };
      }
      case 'describe': {
        const found = this.imports.find(({ id }) => id === last);
        return found === undefined
          ? { status: 404, body: { code: 5, message: 'no such import', details: [] } }
          : { status: 200, body: found };
      }
      case 'stats': {
        const entries = Object.entries(this.namespaces).map(([name, vectorCount]) => [name, { vectorCount }]);
        return {
          status: 200,
          body: { namespaces: Object.fromEntries(entries), dimension: 3, metric: 'cosine', vectorType: 'dense' },
        };
      }
      case 'namespaces':
        return {
          status: 200,
          body: { namespaces: Object.entries(this.namespaces).map(([name, n]) => ({ name, record_count: String(n) })) },
        };
      case 'namespace': {
        const n = this.namespaces[last];
        if (method === 'DELETE') {
          delete this.namespaces[last];
          return { status: 202, body: {} };
        }
        return n === undefined
          ? { status: 404, body: { code: 5, message: 'no such namespace', details: [] } }
          : { status: 200, body: { name: last, record_count: n } };
      }
      case 'fetch':
        return { status: 200, body: { vectors: {} } };
      default:
        return { status: 200, body: {} };
    }
  }
}

function routeOf(method: string, path: string): Route | 'unknown' {
  const table: [string, RegExp, Route][] = [
    ['GET', /^\/indexes\/[^/]+$/, 'index'],
    ['POST', /^\/bulk\/imports$/, 'start'],
    ['GET', /^\/bulk\/imports$/, 'list'],
    ['GET', /^\/bulk\/imports\/[^/]+$/, 'describe'],
    ['DELETE', /^\/bulk\/imports\/[^/]+$/, 'cancel'],
    ['POST', /^\/describe_index_stats$/, 'stats'],
    ['GET', /^\/namespaces$/, 'namespaces'],
    ['GET', /^\/namespaces\/[^/]+$/, 'namespace'],
    ['DELETE', /^\/namespaces\/[^/]+$/, 'namespace'],
    ['GET', /^\/vectors\/fetch$/, 'fetch'],
  ];
  return table.find(([m, pattern]) => m === method && pattern.test(path))?.[2] ?? 'unknown';
}

function send(response: http.ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
