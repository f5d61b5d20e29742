import { randomBytes } from 'node:crypto';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore } from '../../src/uploaders/open-store.js';
import { type Azurite, startAzurite } from '../support/azurite.js';
import { allText, errorOf, keysOf, readAll, storeConformance } from '../support/store-conformance.js';

const traits = { metadata: true, network: true, resend: true, missingBucket: true, wrongKey: true } as const;
storeConformance('Azure (azurite)', { ...traits, keeps: 'crc64nvme' }, async () => {
  const azurite = await startAzurite();
  await azurite.createContainer('conformance');
  vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', azurite.env.AZURE_STORAGE_CONNECTION_STRING);
  const wrongKey = randomBytes(64).toString('base64');
  return {
    open: (directory, options) => openStore(azurite.uri('conformance', directory), options),
    partBytes: 100_000,
    manyKeys: 60,
    listPage: 25,
    openMissing: () => openStore(azurite.uri('nothere', 'x'), { partBytes: 100_000, tries: 2 }),
    openWrongKey: async () => {
      vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', '');
      vi.stubEnv('AZURE_STORAGE_ACCOUNT', azurite.account);
      vi.stubEnv('AZURE_STORAGE_KEY', wrongKey);
      const store = await openStore(azurite.uri('conformance', 'x'), { partBytes: 100_000, tries: 2 });
      vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', azurite.env.AZURE_STORAGE_CONNECTION_STRING);
      return store;
    },
    network: {
      endpoint: azurite.endpoint,
      open: (directory, endpoint, options) =>
        openStore(`https://${azurite.account}.blob.core.windows.net/conformance/${directory}`, {
          ...options,
          endpoint,
        }),
    },
    secrets: [azurite.key, wrongKey],
    stop: async () => {
      vi.unstubAllEnvs();
      await azurite.stop();
    },
  };
});

describe('Azure', () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
    await azurite.createContainer('box');
    for (const name of ['CONNECTION_STRING', 'ACCOUNT', 'KEY', 'SAS_TOKEN']) vi.stubEnv(`AZURE_STORAGE_${name}`, '');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await azurite.stop();
  });

  it('takes a shared access signature in the URI and never shows it', async () => {
    const sas = await azurite.sas('box');
    const store = await openStore(`${azurite.uri('box', 'with sas/')}?${sas}`, { partBytes: 50_000, tries: 2 });
    expect(store.uri).toBe(`${azurite.endpoint}/box/with%20sas/`);
    const bytes = randomBytes(120_000);
    const writer = await store.create('ns/a.parquet');
    await writer.write(bytes);
    await writer.close();
    expect(await keysOf(store.list(''))).toEqual(['ns/a.parquet']);
    expect((await readAll(store.read('ns/a.parquet'))).equals(bytes)).toBe(true);

    const signature = new URLSearchParams(sas).get('sig')!;
    const readOnly = await openStore(`${azurite.uri('box', 'x')}?${await azurite.sas('box', 'rl')}`, { tries: 1 });
    const forged = await openStore(`${azurite.uri('box', 'x')}?${sas.replace(/sig=[^&]+/, 'sig=Zm9yZ2Vk')}`, {
      tries: 1,
    });
    const errors = [
      await errorOf(readOnly.put('x', Buffer.from('x'))),
      await errorOf(forged.put('x', Buffer.from('x'))),
      await errorOf(keysOf(forged.list(''))),
      await errorOf(readAll(store.read('none'))),
    ];
    expect(errors.map(({ code }) => code)).toEqual([
      'STORE_CREDENTIALS',
      'STORE_CREDENTIALS',
      'STORE_CREDENTIALS',
      'OBJECT_NOT_FOUND',
    ]);
    for (const error of errors) {
      for (const secret of [signature, encodeURIComponent(signature), 'Zm9yZ2Vk', 'sig=', azurite.key]) {
        expect(allText(error)).not.toContain(secret);
      }
    }
  });

  it('takes account and key, account and signature, or a connection string with a signature', async () => {
    const sas = await azurite.sas('box');
    const environments = [
      { AZURE_STORAGE_ACCOUNT: azurite.account, AZURE_STORAGE_KEY: azurite.key },
      { AZURE_STORAGE_ACCOUNT: azurite.account, AZURE_STORAGE_SAS_TOKEN: `?${sas}` },
      { AZURE_STORAGE_CONNECTION_STRING: `BlobEndpoint=${azurite.endpoint};SharedAccessSignature=${sas}` },
      azurite.env,
    ];
    for (const [index, env] of environments.entries()) {
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      const store = await openStore(azurite.uri('box', `env${index}`), { tries: 1 });
      await store.put('a', Buffer.from('x'));
      expect(await keysOf(store.list('')), Object.keys(env).join()).toEqual(['a']);
      for (const name of Object.keys(env)) vi.stubEnv(name, '');
    }
  });

  it('reaches the account of a connection string by its public address too', async () => {
    vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', azurite.env.AZURE_STORAGE_CONNECTION_STRING);
    const store = await openStore(`https://${azurite.account}.blob.core.windows.net/box/public`, { tries: 1 });
    expect(store.uri).toBe(`https://${azurite.account}.blob.core.windows.net/box/public/`);
    await store.put('a', Buffer.from('x'));
    expect(await keysOf((await openStore(azurite.uri('box', 'public'))).list(''))).toEqual(['a']);
    vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', '');
  });

  it('passes over credentials of another account, and says so when there are none', async () => {
    vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', azurite.env.AZURE_STORAGE_CONNECTION_STRING);
    const error = await errorOf(openStore(`http://127.0.0.1:9/otheraccount/box/x`));
    expect(error).toMatchObject({ code: 'STORE_CREDENTIALS', exitCode: 4 });
    expect(error.message).toMatch(/no credentials for the account otheraccount/);
    vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', `nonsense-${azurite.key}`);
    const broken = await errorOf(openStore(azurite.uri('box', 'x')));
    expect(broken.code).toBe('STORE_CREDENTIALS');
    expect(allText(broken)).not.toContain(azurite.key);
    vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', '');
  });

  it('reads a public container without credentials', async () => {
    const service = new BlobServiceClient(
      azurite.endpoint,
      new StorageSharedKeyCredential(azurite.account, azurite.key),
    );
    const container = service.getContainerClient('public');
    await container.create({ access: 'container' });
    await container.getBlockBlobClient('dir/a').upload('hello', 5);
    const store = await openStore(azurite.uri('public', 'dir'), { anonymous: true, tries: 1 });
    expect(await keysOf(store.list(''))).toEqual(['a']);
    expect(String(await readAll(store.read('a')))).toBe('hello');
    expect((await errorOf(store.put('b', Buffer.from('x')))).exitCode).toBe(4);
  });

  it('does not take the directories of a hierarchical namespace for objects', async () => {
    const service = new BlobServiceClient(
      azurite.endpoint,
      new StorageSharedKeyCredential(azurite.account, azurite.key),
    );
    const container = service.getContainerClient('box');
    await container.getBlockBlobClient('hns/ns').upload('', 0, { metadata: { hdi_isfolder: 'true' } });
    await container.getBlockBlobClient('hns/ns/a.parquet').upload('x', 1);
    const store = await openStore(`${azurite.uri('box', 'hns')}?${await azurite.sas('box')}`);
    expect(await keysOf(store.list(''))).toEqual(['ns/a.parquet']);
  });

  it('says that two writers met on one object', async () => {
    const store = await openStore(`${azurite.uri('box', 'race')}?${await azurite.sas('box')}`, {
      partBytes: 10_000,
      tries: 1,
    });
    const [first, second] = [await store.create('a'), await store.create('a')];
    await first.write(randomBytes(25_000));
    await second.write(randomBytes(25_000));
    const service = new BlobServiceClient(
      azurite.endpoint,
      new StorageSharedKeyCredential(azurite.account, azurite.key),
    );
    const blob = service.getContainerClient('box').getBlockBlobClient('race/a');
    // Two full parts of each are staged, the rest is still with the writers.
    const staged = async () =>
      (await blob.getBlockList('uncommitted').catch(() => undefined))?.uncommittedBlocks?.length ?? 0;
    await vi.waitFor(async () => expect(await staged()).toBe(4), 10_000);
    await first.close();
    expect(await errorOf(second.close())).toMatchObject({ code: 'OBJECT_EXISTS', exitCode: 4 });
    expect((await store.head('a'))?.bytes).toBe(25_000);
  });
});
