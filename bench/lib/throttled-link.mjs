import { createServer, connect } from 'node:net';

/** What goes through at once: so much at full speed after a pause, as the buffers of a real link let through. */
const BURST_SECONDS = 0.02;

/**
 * A link of so many bytes a second to a server on loopback, over all connections together, in the direction of the server; the answers are
 * small and go as they come. It copies bytes and does nothing else, some 0.5 s of CPU for a gigabyte.
 *
 * @param {{ port: number, bytesPerSecond: number }} options of the server behind it
 * @returns {Promise<{ port: number, close(): Promise<void> }>}
 */
export async function throttledLink({ port, bytesPerSecond }) {
  const sockets = new Set();
  /** When the link will have sent what was taken so far, in milliseconds. */
  let freeAt = 0;
  const server = createServer({ pauseOnConnect: true }, (client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.pipe(client);
    client.on('data', (bytes) => {
      const now = performance.now();
      freeAt = Math.max(freeAt, now - BURST_SECONDS * 1000) + (bytes.length * 1000) / bytesPerSecond;
      const wait = freeAt - now;
      const more = upstream.write(bytes);
      if (wait < 1 && more) return;
      client.pause();
      const goOn = () =>
        more || !upstream.writableNeedDrain ? client.resume() : upstream.once('drain', () => client.resume());
      if (wait < 1) goOn();
      else setTimeout(goOn, wait);
    });
    client.once('end', () => upstream.end());
    client.resume();
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
