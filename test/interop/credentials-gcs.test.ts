import { generateKeyPairSync } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { upload } from '../../src/pipeline/upload.js';
import { type FakeGcs, startFakeGcs } from '../support/fake-gcs.js';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import { makeImportDirectory } from '../support/import-directory.js';
import { type Loopback, startLoopback } from '../support/loopback.js';
import { allText, errorOf } from '../support/store-conformance.js';
import { useTempDir } from '../support/temp-dir.js';

/** This machine by an address that is not taken for an emulator's, so that credentials are asked for. */
const NOT_LOOPBACK = 'http://0.0.0.0';

describe('Google credentials as people have them', () => {
  const temp = useTempDir();
  const before = { ...process.env };
  let gcs: FakeGcs;
  let proxy: FaultProxy;
  let count = 0;
  /** Tokens that reached the storage server. */
  const tokens = new Set<string | undefined>();
  const services: Loopback[] = [];
  const serve = async (...args: Parameters<typeof startLoopback>) => {
    const service = await startLoopback(...args);
    services.push(service);
    return service;
  };

  beforeAll(async () => {
    gcs = await startFakeGcs();
    await gcs.createBucket('tokens');
    proxy = await startFaultProxy(gcs.endpoint);
    await makeImportDirectory(temp('in'), [100, 200, 300_000]);
  });
  beforeEach(() => {
    for (const name of Object.keys(process.env))
      if (/^(GOOGLE|GCE|GCLOUD|STORAGE|HTTPS?_PROXY)/i.test(name)) delete process.env[name];
    process.env['HOME'] = temp('home');
    process.env['GOOGLE_CLOUD_PROJECT'] = 'test';
    tokens.clear();
    proxy.set({
      on: ({ headers }) => {
        tokens.add(headers.authorization);
        return false;
      },
      act: { kind: 'reset' },
    });
  });
  afterAll(async () => {
    process.env = before;
    for (const service of services) await service.stop();
    await proxy?.stop();
    await gcs?.stop();
  });

  const endpoint = () => `${NOT_LOOPBACK}:${new URL(proxy.endpoint).port}`;
  const send = () =>
    upload({ from: temp('in'), to: gcs.uri('tokens', `d${++count}`), gcsEndpoint: endpoint(), tries: 1 });
  const credentials = async (content: object) => {
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = temp(`credentials-${++count}.json`);
    await fs.writeFile(process.env['GOOGLE_APPLICATION_CREDENTIALS'], JSON.stringify(content));
  };
  const done = { complete: true, files: 3 };

  it('workload identity federation: a token of another provider', async () => {
    const bodies: URLSearchParams[] = [];
    const sts = await serve((_request, body) => {
      bodies.push(new URLSearchParams(body));
      return {
        access_token: 'token-of-the-federation',
        expires_in: 3600,
        token_type: 'Bearer',
        issued_token_type: 'x',
      };
    });
    await fs.writeFile(temp('subject'), 'token-of-the-pod');
    await credentials({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/p',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${sts.url}/v1/token`,
      credential_source: { file: temp('subject') },
    });
    expect(await send()).toMatchObject(done);
    expect(bodies[0]?.get('subject_token')).toBe('token-of-the-pod');
    expect([...tokens]).toEqual(['Bearer token-of-the-federation']);
  });

  it('the metadata server', async () => {
    const metadata = await serve(({ url }) =>
      url?.includes('/token')
        ? { access_token: 'token-of-the-machine', expires_in: 3600, token_type: 'Bearer' }
        : url?.includes('universe')
          ? 'googleapis.com'
          : 'project',
    );
    process.env['GCE_METADATA_HOST'] = metadata.url.slice('http://'.length);
    process.env['METADATA_SERVER_DETECTION'] = 'assume-present';
    expect(await send()).toMatchObject(done);
    expect([...tokens]).toEqual(['Bearer token-of-the-machine']);
  });

  it('a service-account file is read, and one that is no good ends in one clear error without its key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    await credentials({
      type: 'service_account',
      client_email: 'x@y.iam.gserviceaccount.com',
      private_key: pem.slice(0, 100),
    });
    const error = await errorOf(send());
    expect(error.exitCode).toBeGreaterThanOrEqual(4);
    expect(allText(error)).not.toContain(pem.slice(40, 90));
  });
});
