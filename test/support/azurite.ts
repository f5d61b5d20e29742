import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { BlobServiceClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob';
import { onFreePort, startServer } from './process.js';

export interface Azurite {
  readonly account: string;
  /** Secret of this server only. */
  readonly key: string;
  /** `http://127.0.0.1:PORT/ACCOUNT` */
  readonly endpoint: string;
  /** What `openStore` needs in its environment. */
  readonly env: { readonly AZURE_STORAGE_CONNECTION_STRING: string };
  uri(container: string, prefix?: string): string;
  createContainer(name: string): Promise<void>;
  /** With all that is in it. */
  removeContainer(name: string): Promise<void>;
  /** Query of a shared access signature for one container, without `?`. */
  sas(container: string, permissions?: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts azurite's blob service in memory, with an account and a key made for this run. */
export async function startAzurite(): Promise<Azurite> {
  const account = 'pineloadtest';
  const key = randomBytes(64).toString('base64');
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  // Without --skipApiVersionCheck every call of a current SDK is answered 400.
  const flags = ['--silent', '--disableTelemetry', '--skipApiVersionCheck', '--inMemoryPersistence'];
  const { server, endpoint } = await onFreePort(async (port) => {
    const url = `http://127.0.0.1:${port}/`;
    const args = [main, '--blobHost', '127.0.0.1', '--blobPort', String(port), ...flags];
    const server = await startServer(process.execPath, args, url, { AZURITE_ACCOUNTS: `${account}:${key}` });
    return { server, endpoint: `${url}${account}` };
  });
  const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key));
  return {
    account,
    key,
    endpoint,
    env: {
      AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${endpoint};`,
    },
    uri: (container, prefix = '') => `${endpoint}/${container}/${prefix}`,
    createContainer: async (name) => {
      await service.getContainerClient(name).create();
    },
    removeContainer: async (name) => {
      await service.getContainerClient(name).delete();
    },
    sas: async (container, permissions = 'racwdl') => {
      const url = await service.getContainerClient(container).generateSasUrl({
        permissions: ContainerSASPermissions.parse(permissions),
        expiresOn: new Date(Date.now() + 3600_000),
      });
      return new URL(url).search.slice(1);
    },
    stop: () => server.stop(),
  };
}
