import {
  AnonymousCredential,
  BlobServiceClient,
  StorageSharedKeyCredential,
  type ContainerClient,
  type StoragePipelineOptions,
} from '@azure/storage-blob';
import { PineloadError } from '../base/errors.js';
import type { StoreOptions } from './object-store.js';
import { type Target, isLoopback } from './uri.js';

export const AZURE_CREDENTIALS_HINT =
  'Azure credentials are, in this order: a shared access signature in the URI, AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN with AZURE_STORAGE_ACCOUNT, and the default chain (managed or workload identity, AZURE_CLIENT_ID…, az login), which needs the role Storage Blob Data Contributor.';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Connects to the container of `target`. Credentials meant for another account than the URI's are passed over. The
 * default chain, and its package, comes in only when nothing else is there.
 */
export async function azureContainer(
  target: Target,
  options: StoreOptions,
  pipeline: StoragePipelineOptions,
  env: Environment = process.env,
): Promise<ContainerClient> {
  const named = fromConnectionString(env['AZURE_STORAGE_CONNECTION_STRING'], target, pipeline);
  const url = serviceUrl(target, options.endpoint) ?? named?.url ?? `https://${target.account}.blob.core.windows.net`;
  const service = await (async () => {
    if (options.anonymous) return new BlobServiceClient(url, new AnonymousCredential(), pipeline);
    const sas = target.credentials?.sas;
    if (sas !== undefined) return new BlobServiceClient(`${url}?${sas}`, new AnonymousCredential(), pipeline);
    if (named !== undefined) {
      // A connection string with a signature keeps it in the address of its client.
      if (named.credential instanceof AnonymousCredential) {
        return new BlobServiceClient(url + new URL(named.url).search, named.credential, pipeline);
      }
      return new BlobServiceClient(url, named.credential, pipeline);
    }
    if (env['AZURE_STORAGE_ACCOUNT'] === target.account) {
      const key = env['AZURE_STORAGE_KEY'];
      if (key) return new BlobServiceClient(url, new StorageSharedKeyCredential(target.account!, key), pipeline);
      const token = env['AZURE_STORAGE_SAS_TOKEN']?.replace(/^\?/, '');
      if (token) return new BlobServiceClient(`${url}?${token}`, new AnonymousCredential(), pipeline);
    }
    if (url.startsWith('http:')) throw noCredentials(target);
    const { DefaultAzureCredential } = await import('@azure/identity');
    return new BlobServiceClient(url, new DefaultAzureCredential(), pipeline);
  })();
  return service.getContainerClient(target.bucket);
}

/** The blob service's address: the option's, or the URI's own. Emulators on this machine take the account as the first part of the path. */
function serviceUrl(target: Target, endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return target.endpoint;
  const bare = endpoint.replace(/\/+$/, '');
  if (!URL.canParse(bare)) {
    throw new PineloadError('OPTION_INVALID', { field: 'endpoint', message: 'the endpoint is not a URL' });
  }
  return isLoopback(bare) && new URL(bare).pathname === '/' ? `${bare}/${target.account}` : bare;
}

function fromConnectionString(text: string | undefined, target: Target, pipeline: StoragePipelineOptions) {
  if (text === undefined || text === '') return undefined;
  let service: BlobServiceClient;
  try {
    service = BlobServiceClient.fromConnectionString(text, pipeline);
  } catch {
    throw new PineloadError('STORE_CREDENTIALS', {
      source: target.display,
      message: 'AZURE_STORAGE_CONNECTION_STRING is not a connection string',
    });
  }
  if (service.accountName !== target.account) return undefined;
  return { url: service.url.replace(/\/+(?=\?|$)/, ''), credential: service.credential };
}

function noCredentials(target: Target): PineloadError {
  return new PineloadError('STORE_CREDENTIALS', {
    source: target.display,
    message: `there are no credentials for the account ${target.account}`,
    hint: AZURE_CREDENTIALS_HINT,
  });
}
