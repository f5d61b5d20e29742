import { findBinary, onFreePort, startServer } from './process.js';

export interface FakeGcs {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** What `openStore` needs in its environment. */
  readonly env: { readonly STORAGE_EMULATOR_HOST: string };
  uri(bucket: string, prefix?: string): string;
  createBucket(name: string): Promise<void>;
  /** With all that is in it. */
  removeBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts fake-gcs-server in memory. It checks no credentials. */
export async function startFakeGcs(): Promise<FakeGcs> {
  const binary = findBinary('fake-gcs-server');
  const flags = ['-scheme', 'http', '-host', '127.0.0.1', '-backend', 'memory', '-log-level', 'error'];
  const { server, endpoint } = await onFreePort(async (port) => {
    const endpoint = `http://127.0.0.1:${port}`;
    const args = [...flags, '-port', String(port), '-external-url', endpoint, '-public-host', `127.0.0.1:${port}`];
    return { server: await startServer(binary, args, `${endpoint}/storage/v1/b?project=test`), endpoint };
  });
  return {
    endpoint,
    env: { STORAGE_EMULATOR_HOST: endpoint },
    uri: (bucket, prefix = '') => `gs://${bucket}/${prefix}`,
    createBucket: async (name) => {
      const answer = await fetch(`${endpoint}/storage/v1/b?project=test`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name }),
      });
      if (!answer.ok) throw new Error(`bucket ${name}: ${answer.status} ${await answer.text()}`);
    },
    removeBucket: async (name) => {
      const bucket = `${endpoint}/storage/v1/b/${name}`;
      // What was sent meanwhile has to go too.
      for (let round = 0; round < 20; round++) {
        const { items = [] } = (await (await fetch(`${bucket}/o`)).json()) as { items?: { name: string }[] };
        for (const item of items) await fetch(`${bucket}/o/${encodeURIComponent(item.name)}`, { method: 'DELETE' });
        if ((await fetch(bucket, { method: 'DELETE' })).ok) return;
      }
      throw new Error(`bucket ${name} stays`);
    },
    stop: () => server.stop(),
  };
}
