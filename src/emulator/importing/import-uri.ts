import { BAD_SCHEME, DIRECTORY_BUCKET, SIGNED_URI, URI_MISSING, uriTooLong, wrongCloud } from '../rules/texts.js';

/** Hosts of Azure Blob Storage, sovereign clouds included: `ACCOUNT.blob.core.windows.net`. */
const AZURE_HOST = /^[a-z0-9-]+\.blob\.(core\.[a-z0-9.-]+|storage\.azure\.net)$/i;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/i;

/**
 * What the service refuses in a URI before it takes an import on. Beside the three published forms (`s3://`, `gs://`,
 * `https://ACCOUNT.blob.core.windows.net/`) the emulator takes `file://` and, for local stores, `http(s)://` on loopback.
 *
 * @returns the refusal, or undefined.
 */
export function uriRefusal(uri: unknown, cloud: string, maxLength: number): string | undefined {
  if (typeof uri !== 'string' || uri.length === 0) return URI_MISSING;
  if (uri.length > maxLength) return uriTooLong(uri.length, maxLength);
  const scheme = /^[a-z0-9]+(?=:\/\/)/.exec(uri)?.[0];
  if (scheme === 's3') {
    if (cloud !== 'aws') return wrongCloud(cloud);
    // Directory buckets are named BASE--ZONE--x-s3 (Amazon S3 user guide, "Directory bucket naming rules").
    return /^s3:\/\/[^/]*--x-s3(\/|$)/.test(uri) ? DIRECTORY_BUCKET : undefined;
  }
  if (scheme === 'gs' || scheme === 'file') return undefined;
  if ((scheme === 'https' || scheme === 'http') && URL.canParse(uri)) {
    const { hostname, search } = new URL(uri);
    // A shared access signature is a secret, and an import's URI is shown to whoever lists the imports.
    if (search !== '') return SIGNED_URI;
    if (LOOPBACK.test(hostname) || (scheme === 'https' && AZURE_HOST.test(hostname))) return undefined;
  }
  return BAD_SCHEME;
}

/** The path of a key as the service's texts write it: from the bucket's (container's, file system's) root. */
export function pathInBucket(uri: string, key: string): string {
  const base = uri.replace(/\/+$/, '');
  if (base.startsWith('file://')) return `${decode(base.slice('file://'.length))}/${key}`;
  const [, , , ...parts] = base.split('/');
  if (base.startsWith('http')) {
    // Azure: the container is the first part of the path, on loopback (Azurite) the account comes before it.
    const account = LOOPBACK.test(new URL(base).hostname) ? 1 : 0;
    parts.splice(0, account + 1);
  }
  return [...parts, key].join('/');
}

/** The directory (a URI) and name of a URI that names a Parquet file, or undefined. */
export function asFile(uri: string): { readonly directory: string; readonly name: string } | undefined {
  const match = /^(.*\/)([^/]+\.parquet)$/i.exec(uri);
  if (!match) return undefined;
  const [, directory, name] = match as unknown as [string, string, string];
  // S3 and GCS keys are taken letter by letter, the other URIs are percent-encoded.
  return { directory, name: /^(file|https?):/.test(uri) ? decode(name) : name };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
