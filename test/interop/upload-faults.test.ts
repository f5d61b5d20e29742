import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PineloadError } from '../../src/base/errors.js';
import type { PineloadEvent } from '../../src/base/events.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { upload, type UploadOptions } from '../../src/pipeline/upload.js';
import { startAzurite } from '../support/azurite.js';
import { startFakeGcs } from '../support/fake-gcs.js';
import { type Fault, type FaultProxy, type SeenRequest, startFaultProxy } from '../support/fault-proxy.js';
import { makeImportDirectory } from '../support/import-directory.js';
import { startMinio } from '../support/minio.js';
import { allText, readAll } from '../support/store-conformance.js';
import { useTempDir } from '../support/temp-dir.js';

const PART = 5 * 1024 * 1024;
/** One file in three parts, the others in one request each. */
const SIZES = [2 * PART + 1000, ...Array.from({ length: 11 }, (_, i) => 1000 + i)];
const STORES_PAGE = readFileSync(new URL('../../docs/stores.md', import.meta.url), 'utf8');

type Provider = 'S3' | 'GCS' | 'Azure';

interface Server {
  readonly proxy: FaultProxy;
  /** A fresh bucket's directory, through the proxy. */
  target(): Promise<Pick<UploadOptions, 'to' | 's3Endpoint' | 'gcsEndpoint'>>;
  /** Takes the bucket of the last target away, with what is in it. */
  vanish(): Promise<void>;
  readonly secrets: readonly string[];
  stop(): Promise<void>;
}

const servers: Record<Provider, () => Promise<Server>> = {
  S3: async () => {
    const minio = await startMinio();
    const { AWS_ENDPOINT_URL_S3: _, ...env } = minio.env;
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const proxy = await startFaultProxy(minio.endpoint);
    let bucket = '';
    return {
      proxy,
      target: async () => {
        bucket = `faults-${randomBytes(4).toString('hex')}`;
        await minio.createBucket(bucket);
        return { to: minio.uri(bucket, 'import'), s3Endpoint: proxy.endpoint };
      },
      vanish: () => minio.removeBucket(bucket),
      secrets: [minio.env.AWS_SECRET_ACCESS_KEY],
      stop: async () => {
        await proxy.stop();
        await minio.stop();
      },
    };
  },
  GCS: async () => {
    const gcs = await startFakeGcs();
    const proxy = await startFaultProxy(gcs.endpoint);
    let bucket = '';
    return {
      proxy,
      target: async () => {
        bucket = `faults-${randomBytes(4).toString('hex')}`;
        await gcs.createBucket(bucket);
        return { to: gcs.uri(bucket, 'import'), gcsEndpoint: proxy.endpoint };
      },
      vanish: () => gcs.removeBucket(bucket),
      secrets: ['upload_id='],
      stop: async () => {
        await proxy.stop();
        await gcs.stop();
      },
    };
  },
  Azure: async () => {
    const azurite = await startAzurite();
    const proxy = await startFaultProxy(new URL(azurite.endpoint).origin);
    vi.stubEnv('AZURE_STORAGE_ACCOUNT', azurite.account);
    vi.stubEnv('AZURE_STORAGE_KEY', azurite.key);
    let container = '';
    return {
      proxy,
      target: async () => {
        container = `faults-${randomBytes(4).toString('hex')}`;
        await azurite.createContainer(container);
        return { to: `${proxy.endpoint}/${azurite.account}/${container}/import` };
      },
      vanish: () => azurite.removeContainer(container),
      secrets: [azurite.key],
      stop: async () => {
        await proxy.stop();
        await azurite.stop();
      },
    };
  },
};

/** Requests that bring bytes of a file, begin an object or make it visible. */
const writes = ({ method }: SeenRequest) => method === 'PUT' || method === 'POST';
const reads = ({ method }: SeenRequest) => method === 'GET';

const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
const json = (code: number, reason: string) =>
  JSON.stringify({ error: { code, message: reason, errors: [{ reason, message: reason }] } });

/** The same word in each provider's language. */
function say(provider: Provider, status: number, codes: Record<Provider, string>): Fault['act'] {
  if (provider === 'GCS') {
    return { kind: 'answer', status, body: json(status, codes.GCS), headers: { 'content-type': 'application/json' } };
  }
  const body = xml(codes[provider]);
  return {
    kind: 'answer',
    status,
    body,
    ...(provider === 'Azure' ? { headers: { 'x-ms-error-code': codes.Azure } } : {}),
  };
}

interface Case {
  /** As the first column of the table in docs/stores.md has it. */
  readonly name: string;
  readonly faults: (provider: Provider, server: Server) => Fault[];
  /** The run is done all the same, or ends in this error. */
  readonly ends: 'done' | { readonly code: string; readonly exitCode: number };
  /** Does the listener hear of it? */
  readonly told?: boolean;
  readonly tries?: number;
  /** Not for this provider, which docs/stores.md says. */
  readonly not?: Provider;
}

const BUSY = { S3: 'SlowDown', GCS: 'rateLimitExceeded', Azure: 'ServerBusy' };
const EXPIRED = { S3: 'ExpiredToken', GCS: 'authError', Azure: 'AuthenticationFailed' };
const SKEWED = { S3: 'RequestTimeTooSkewed', GCS: 'authError', Azure: 'AuthenticationFailed' };
const DENIED = { S3: 'AccessDenied', GCS: 'forbidden', Azure: 'AuthorizationPermissionMismatch' };
const BROKEN = { S3: 'InternalError', GCS: 'backendError', Azure: 'InternalError' };
const credentials = { code: 'STORE_CREDENTIALS', exitCode: 4 };
const temporary = { code: 'STORE_TEMPORARY', exitCode: 5 };

const CASES: readonly Case[] = [
  {
    name: 'throttled with 503',
    faults: (p) => [{ on: writes, times: 6, act: say(p, 503, BUSY) }],
    ends: 'done',
    told: true,
  },
  {
    name: 'throttled with 429',
    faults: (p) => [{ on: writes, times: 6, act: say(p, 429, BUSY) }],
    ends: 'done',
    told: true,
  },
  {
    name: 'throttled for ever',
    faults: (p) => [{ on: writes, times: Infinity, act: say(p, 503, BUSY) }],
    ends: temporary,
    tries: 2,
  },
  {
    name: 'a fault in the store (500)',
    faults: (p) => [{ on: writes, times: 4, act: say(p, 500, BROKEN) }],
    ends: 'done',
    told: true,
  },
  { name: 'connections reset', faults: () => [{ times: 5, act: { kind: 'reset' } }], ends: 'done' },
  {
    name: 'the answer to a write is lost',
    faults: () => [{ on: writes, after: 1, times: 5, act: { kind: 'lose-answer' } }],
    ends: 'done',
  },
  {
    name: 'half an answer',
    not: 'GCS',
    faults: () => [{ on: reads, times: 2, act: { kind: 'half-answer' } }],
    ends: 'done',
  },
  {
    name: 'no answer',
    not: 'GCS',
    faults: () => [{ on: writes, after: 2, act: { kind: 'silence' } }],
    ends: 'done',
    told: true,
  },
  {
    name: 'credentials expire in mid-run',
    faults: (p) => [
      { on: writes, after: 3, times: Infinity, act: say(p, p === 'S3' ? 400 : p === 'GCS' ? 401 : 403, EXPIRED) },
    ],
    ends: credentials,
  },
  {
    name: 'the clock is off',
    faults: (p) => [{ times: Infinity, act: say(p, p === 'GCS' ? 401 : 403, SKEWED) }],
    ends: credentials,
  },
  {
    name: 'a right is missing',
    faults: (p) => [{ on: writes, times: Infinity, act: say(p, 403, DENIED) }],
    ends: credentials,
  },
  {
    name: 'a byte flips on the way',
    not: 'GCS',
    // A part or a small file, not the first.
    faults: () => [{ on: (request) => writes(request) && request.body.length >= 900, after: 1, act: { kind: 'flip' } }],
    ends: 'done',
  },
  {
    name: 'the bucket vanishes',
    faults: (_, server) => [{ on: writes, after: 3, act: { kind: 'do', action: () => server.vanish() } }],
    ends: { code: 'STORE_NOT_FOUND', exitCode: 4 },
  },
];

for (const provider of Object.keys(servers) as Provider[]) {
  describe(`an upload to ${provider}`, () => {
    const temp = useTempDir();
    let server: Server;
    beforeAll(async () => {
      await makeImportDirectory(temp('in'), SIZES);
      await makeImportDirectory(
        temp('many'),
        Array.from({ length: 150 }, (_, i) => 100 + i),
      );
      server = await servers[provider]();
    });
    afterAll(async () => {
      await server?.stop();
      vi.unstubAllEnvs();
    });

    it.each(CASES.filter((each) => each.not !== provider))('$name', async ({ name, faults, ends, told, tries }) => {
      const target = await server.target();
      const events: PineloadEvent[] = [];
      const options = {
        from: temp('in'),
        ...target,
        partSize: PART,
        onEvent: (event: PineloadEvent) => events.push(event),
      };
      server.proxy.set(...faults(provider, server));
      const outcome = await upload({ ...options, tries }).catch((error: unknown) => error);
      expect(server.proxy.befallen).toBeGreaterThan(0);
      if (ends === 'done') {
        expect(outcome).toMatchObject({ complete: true, files: SIZES.length });
      } else {
        expect(outcome).toBeInstanceOf(PineloadError);
        expect(outcome).toMatchObject(ends);
        for (const secret of server.secrets) expect(allText(outcome)).not.toContain(secret);
      }
      if (told) expect(events.some(({ type }) => type === 'store.trouble')).toBe(true);
      server.proxy.set();
      if (name !== 'the bucket vanishes') {
        // The same command once more finishes it, and what is there is what was sent.
        expect(await upload({ ...options, verify: true })).toMatchObject({ complete: true, verified: SIZES.length });
      }
      const row = STORES_PAGE.split('\n').find((line) => line.startsWith(`| ${name} `));
      expect(row, `docs/stores.md says what "${name}" does`).toContain(
        ends === 'done' ? 'done' : `\`${ends.code}\`, exit ${ends.exitCode}`,
      );
    });

    it('sends fewer requests at once to a store that takes few', async () => {
      const target = await server.target();
      const events: PineloadEvent[] = [];
      server.proxy.set({
        on: (request) => writes(request) && request.under > 4,
        times: Infinity,
        act: say(provider, 503, BUSY),
      });
      const result = await upload({ from: temp('many'), ...target, onEvent: (event) => events.push(event) });
      expect(result).toMatchObject({ complete: true, files: 150 });
      const throttled = events.flatMap((event) =>
        event.type === 'store.trouble' && event.throttled ? [event.requests] : [],
      );
      expect(throttled.length).toBeGreaterThan(0);
      expect(throttled.at(-1)).toBeLessThanOrEqual(32);
      server.proxy.set();
    });

    it('a byte that flips in the store is found by reading again, and healed when asked', async () => {
      const target = await server.target();
      const options = { from: temp('in'), ...target, partSize: PART, verify: true };
      server.proxy.set();
      await upload({ from: temp('in'), ...target, partSize: PART });
      const store = await openStore(target.to, {
        endpoint: target.s3Endpoint ?? target.gcsEndpoint,
        forcePathStyle: true,
      });
      const key = 'ns-1/part-00000-00004.parquet';
      const bytes = await readAll(store.read(key));
      bytes[7]! ^= 1;
      const { metadata } = (await store.head(key))!;
      await store.put(key, bytes, { metadata });
      await store.close();
      // By size and note it is the same, so without reading it nothing shows.
      expect(await upload({ from: temp('in'), ...target })).toMatchObject({ skipped: SIZES.length });
      const outcome = await upload(options).catch((error: unknown) => error);
      expect(outcome).toMatchObject({ code: 'CHECKSUM_MISMATCH', exitCode: 5, retryable: false });
      expect((outcome as PineloadError).source).toContain(key);
      expect(await upload({ ...options, overwrite: true })).toMatchObject({ complete: true, verified: SIZES.length });
      expect(await upload(options)).toMatchObject({ complete: true, skipped: SIZES.length });
    });
  });
}
