import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Loopback {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `METHOD path?query` of every request. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** A small service on this machine: what it says to a request, and to its body. */
export async function startLoopback(
  answer: (request: IncomingMessage, body: string) => object | string | [status: number, text: string],
): Promise<Loopback> {
  const asked: string[] = [];
  const server = createServer((request, response: ServerResponse) => {
    asked.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    request.on('data', (data: Buffer) => chunks.push(data));
    request.on('end', () => {
      // As Google's metadata server marks its answers.
      response.setHeader('Metadata-Flavor', 'Google');
      const said = answer(request, Buffer.concat(chunks).toString());
      if (Array.isArray(said)) return response.writeHead(said[0] as number).end(said[1]);
      if (typeof said === 'string') return response.end(said);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
