import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PineloadError } from '../../base/errors.js';

/** A port that is listened on. */
export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens. Throws EMULATOR_PORT when the port cannot be had. */
export async function listen(address: string, port: number, onRequest: RequestListener): Promise<Listener> {
  const server = createServer(onRequest);
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error): void => {
      reject(new PineloadError('EMULATOR_PORT', { source: `${address}:${port}`, got: cause.message, cause }));
    };
    server.once('error', refuse);
    server.listen(port, address, () => {
      server.off('error', refuse);
      resolve();
    });
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // Clients keep connections open between calls; they would hold the server up.
    server.closeAllConnections();
  });
}
