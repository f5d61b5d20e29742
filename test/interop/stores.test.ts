import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import http, { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore } from '../../src/uploaders/open-store.js';
import { startDocumentedGcs } from '../support/documented-gcs.js';
import { startFakeGcs } from '../support/fake-gcs.js';
import { type Minio, startMinio } from '../support/minio.js';
import { allText, crcOf, errorOf, keysOf, readAll, storeConformance } from '../support/store-conformance.js';

/** S3's smallest part. */
const S3_PART = 5 * 1024 * 1024;

function useEnv(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

for (const checksums of ['default', 'none'] as const) {
  storeConformance(
    `S3 (MinIO, checksums: ${checksums})`,
    {
      ...{ metadata: true, network: true, resend: true, missingBucket: true, wrongKey: true, tellsUnfinished: true },
      ...(checksums === 'default' ? { keeps: 'crc64nvme' } : {}),
    },
    async () => {
      const minio = await startMinio();
      await minio.createBucket('conformance');
      useEnv(minio.env);
      const wrongKey = randomBytes(20).toString('hex');
      const common = { checksums, partBytes: S3_PART };
      return {
        open: (directory, options) => openStore(minio.uri('conformance', directory), { ...options, ...common }),
        partBytes: S3_PART,
        manyKeys: 1_010,
        openMissing: () => openStore(minio.uri('nothere', 'x'), { ...common, tries: 2 }),
        openWrongKey: async () => {
          vi.stubEnv('AWS_SECRET_ACCESS_KEY', wrongKey);
          const store = await openStore(minio.uri('conformance', 'x'), { ...common, tries: 2 });
          // The chain asks when first used, so the store is used before the right key is back.
          await errorOf(store.head('x'));
          vi.stubEnv('AWS_SECRET_ACCESS_KEY', minio.env.AWS_SECRET_ACCESS_KEY);
          return store;
        },
        network: {
          endpoint: minio.endpoint,
          open: (directory, endpoint, options) =>
            openStore(minio.uri('conformance', directory), { ...options, ...common, endpoint }),
        },
        leftovers: (directory) => minio.openUploads('conformance', directory),
        secrets: [minio.env.AWS_SECRET_ACCESS_KEY, wrongKey],
        stop: async () => {
          vi.unstubAllEnvs();
          await minio.stop();
        },
      };
    },
  );
}

storeConformance(
  'Google Cloud Storage (fake-gcs-server)',
  { metadata: true, network: true, resend: true, missingBucket: true, wrongKey: false, keeps: 'crc32c' },
  async () => {
    const gcs = await startFakeGcs();
    await gcs.createBucket('conformance');
    const front = await startDocumentedGcs(gcs.endpoint);
    const state = await mkdtemp(path.join(tmpdir(), 'pineload-sessions-'));
    useEnv({ STORAGE_EMULATOR_HOST: front.endpoint, XDG_STATE_HOME: state });
    return {
      open: (directory, options) => openStore(gcs.uri('conformance', directory), options),
      partBytes: 256 * 1024,
      manyKeys: 1_010,
      openMissing: () => openStore(gcs.uri('nothere', 'x'), { partBytes: 256 * 1024, tries: 2 }),
      network: {
        endpoint: front.endpoint,
        open: (directory, endpoint, options) => openStore(gcs.uri('conformance', directory), { ...options, endpoint }),
      },
      secrets: ['upload_id='],
      stop: async () => {
        vi.unstubAllEnvs();
        await front.stop();
        await gcs.stop();
        await rm(state, { recursive: true, force: true });
      },
    };
  },
);

describe('S3', () => {
  let minio: Minio;
  beforeAll(async () => {
    minio = await startMinio();
    await minio.createBucket('box');
    useEnv(minio.env);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await minio?.stop();
  });

  it('takes endpoint and region as options, and finds a region by itself', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', '');
    delete process.env['AWS_ENDPOINT_URL_S3'];
    vi.stubEnv('AWS_REGION', '');
    delete process.env['AWS_REGION'];
    for (const region of [undefined, 'us-east-1']) {
      const store = await openStore('s3://box/options', { endpoint: minio.endpoint, region });
      await store.put('a', Buffer.from('x'));
      expect(await keysOf(store.list(''))).toEqual(['a']);
      await store.close();
    }
    useEnv(minio.env);
  });

  it('reads a public bucket without credentials', async () => {
    await minio.createBucket('public');
    await (await openStore('s3://public/dir')).put('a', Buffer.from('hello'));
    await minio.makePublic('public');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'wrong');
    const store = await openStore('s3://public/dir', { anonymous: true });
    expect(await keysOf(store.list(''))).toEqual(['a']);
    expect(String(await readAll(store.read('a')))).toBe('hello');
    expect(await errorOf(store.put('b', Buffer.from('x')))).toMatchObject({ code: 'STORE_CREDENTIALS', exitCode: 4 });
    useEnv(minio.env);
  });

  it('says where credentials are looked for when there are none', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, '');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
    const error = await errorOf(keysOf((await openStore('s3://box/x', { tries: 1 })).list('')));
    expect(error).toMatchObject({ code: 'STORE_CREDENTIALS', exitCode: 4 });
    expect(error.hint).toMatch(/AWS_PROFILE/);
    useEnv(minio.env);
  });

  it('puts small objects past the SDK after the first one, and large ones or what fails through it', async () => {
    const sent: string[] = [];
    const { request } = http;
    const spy = vi.spyOn(http, 'request').mockImplementation(((options: http.RequestOptions, ...rest: []) => {
      const headers = options.headers as Record<string, string>;
      if (options.method === 'PUT') sent.push('amz-sdk-invocation-id' in headers ? 'sdk' : 'direct');
      return request(options, ...rest);
    }) as typeof http.request);
    try {
      const store = await openStore('s3://box/direct (1)/ü');
      const notes = { metadata: { a: '1' }, contentType: 'text/plain' };
      for (const key of ['first', "o'dd (key)*!", 'third']) await store.put(key, Buffer.from(key), notes);
      expect(sent).toEqual(['sdk', 'direct', 'direct']);
      expect(String(await readAll(store.read("o'dd (key)*!")))).toBe("o'dd (key)*!");
      const [first, third] = [await store.head('first'), await store.head('third')];
      expect(Object.keys(third!.metadata!)).toEqual(Object.keys(first!.metadata!));
      expect(third!.metadata).toMatchObject({ a: '1' });
      expect(third!.checksums).toMatchObject({ crc64nvme: await crcOf('crc64nvme', Buffer.from('third')) });
      sent.length = 0;
      await store.put('large', randomBytes(2 * 1024 * 1024));
      expect(sent).toEqual(['sdk']);
      sent.length = 0;
      // What is refused is asked for again through the SDK, which knows how to tell it.
      const error = await errorOf(store.put('third', Buffer.from('x'), { ifAbsent: true }));
      expect(error.code).toBe('OBJECT_EXISTS');
      expect(sent).toEqual(['direct', 'sdk']);
      await store.close();
    } finally {
      spy.mockRestore();
    }
  });

  it('holds no more than the parts under way', async () => {
    const store = await openStore('s3://box/memory', { partBytes: S3_PART, partsInFlight: 2 });
    const writer = await store.create('large');
    const piece = randomBytes(1024 * 1024);
    // Collected parts show in `arrayBuffers` only after a collection; the bound leaves room for the SDK's own buffers.
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i++) {
      await writer.write(piece);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    await writer.close();
    expect((await store.head('large'))?.bytes).toBe(200 * 1024 * 1024);
    expect(most).toBeLessThan(80 * 1024 * 1024);
  });

  it('shows no secret in what it throws', async () => {
    vi.stubEnv('AWS_SESSION_TOKEN', 'a-token-that-is-wrong');
    const error = await errorOf(keysOf((await openStore('s3://box/x', { tries: 1 })).list('')));
    expect(error.code).toBe('STORE_CREDENTIALS');
    expect(allText(error)).not.toContain('a-token-that-is-wrong');
    expect(allText(error)).not.toContain(minio.env.AWS_SECRET_ACCESS_KEY);
    vi.stubEnv('AWS_SESSION_TOKEN', '');
    delete process.env['AWS_SESSION_TOKEN'];
  });
});

describe('Google Cloud Storage with credentials', () => {
  it('takes them from the metadata server, for every kind of request', async () => {
    const gcs = await startFakeGcs();
    await gcs.createBucket('private');
    // What a machine at Google asks for its token.
    const asked: string[] = [];
    const metadata = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('Metadata-Flavor', 'Google');
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ access_token: 'token-of-this-machine', expires_in: 3600, token_type: 'Bearer' }));
    });
    await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
    // In front of the server, so that it is seen which requests bring the token.
    const tokens: (string | undefined)[] = [];
    const front = createServer((request, response) => {
      tokens.push(request.headers.authorization);
      const chunks: Buffer[] = [];
      request.on('data', (data: Buffer) => chunks.push(data));
      request.on('end', () => {
        const { host: _host, 'transfer-encoding': _encoding, connection: _connection, ...headers } = request.headers;
        const body = Buffer.concat(chunks);
        void fetch(gcs.endpoint + request.url, {
          method: request.method ?? 'GET',
          headers: headers as Record<string, string>,
          body: body.length > 0 ? body : null,
          redirect: 'manual',
        }).then(async (answer) => {
          const location = answer.headers.get('location')?.replace(gcs.endpoint, endpoint);
          const kept = ['content-type', 'range', 'content-range'].map((name) => [name, answer.headers.get(name)]);
          const out = Object.fromEntries(kept.filter(([, value]) => value !== null)) as Record<string, string>;
          response.writeHead(answer.status, { ...out, ...(location === undefined ? {} : { location }) });
          response.end(Buffer.from(await answer.arrayBuffer()));
        });
      });
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    // This machine by an address that is not taken for an emulator's.
    const endpoint = `http://0.0.0.0:${(front.address() as AddressInfo).port}`;
    vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${(metadata.address() as AddressInfo).port}`);
    vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
    vi.stubEnv('GOOGLE_CLOUD_PROJECT', 'test');
    try {
      const store = await openStore('gs://private/a', { endpoint, partBytes: 256 * 1024, tries: 2 });
      const bytes = randomBytes(600 * 1024);
      const writer = await store.create('large', { ifAbsent: true });
      await writer.write(bytes);
      await writer.close();
      await store.put('small', Buffer.from('x'));
      expect(await keysOf(store.list(''))).toEqual(['large', 'small']);
      expect((await readAll(store.read('large'))).equals(bytes)).toBe(true);
      await store.delete('small');
      expect(await store.head('small')).toBeUndefined();
      expect(tokens.length).toBeGreaterThan(7);
      expect(new Set(tokens)).toEqual(new Set(['Bearer token-of-this-machine']));
      expect(asked.some((url) => url.includes('/service-accounts/default/token'))).toBe(true);
    } finally {
      vi.unstubAllEnvs();
      for (const server of [front, metadata]) {
        server.closeAllConnections();
        server.close();
      }
      await gcs.stop();
    }
  });
});
