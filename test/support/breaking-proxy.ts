import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

export interface BreakingProxy {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Cuts the next connections, one after the other, once so many bytes of answers have passed. */
  breakAnswersAfter(...bytes: number[]): void;
  /** Cuts the next connections once so many bytes of requests have passed. */
  breakRequestsAfter(...bytes: number[]): void;
  /** Cuts all connections there are. */
  breakNow(): void;
  /** Connections that were cut so far. */
  readonly broken: number;
  stop(): Promise<void>;
}

/** A TCP proxy on this machine that cuts connections on demand, as networks do. */
export async function startBreakingProxy(target: string): Promise<BreakingProxy> {
  const { hostname, port } = new URL(target);
  const answers: number[] = [];
  const requests: number[] = [];
  const sockets = new Set<Socket>();
  let broken = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const pass = (from: Socket, to: Socket, limits: number[]) => {
      let passed = 0;
      from.on('data', (data) => {
        passed += data.length;
        // A connection kept alive is looked at again with each piece, so a limit set later counts for it too.
        const limit = limits[0];
        if (limit !== undefined && passed >= limit) {
          limits.shift();
          broken++;
          client.resetAndDestroy();
          return;
        }
        // As slow as the slower side: the proxy itself holds nothing back.
        if (!to.write(data)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    };
    pass(client, upstream, requests);
    pass(upstream, client, answers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    breakAnswersAfter: (...bytes) => void answers.push(...bytes),
    breakRequestsAfter: (...bytes) => void requests.push(...bytes),
    breakNow: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    get broken() {
      return broken;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
