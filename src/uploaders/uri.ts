import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PineloadError, quote } from '../base/errors.js';
import type { ObjectStore } from './object-store.js';

/** A destination (or an input directory) taken apart. */
export interface Target {
  readonly scheme: ObjectStore['scheme'];
  /** S3 or GCS bucket, Azure container; `''` for local directories. */
  readonly bucket: string;
  /** Azure storage account. */
  readonly account?: string | undefined;
  /** Azure blob service address, where the URI itself names one that is not the account's public one (an emulator). */
  readonly endpoint?: string | undefined;
  /** Key prefix: `''` or ending in `/`. For local directories the absolute path, ending in a separator. */
  readonly prefix: string;
  /** The root as people write it, ending in `/`; holds no credentials. */
  readonly display: string;
  /** Secret: the query of a shared access signature, without `?`. Never to be shown or stored. */
  readonly credentials?: { readonly sas: string } | undefined;
}

/** The forms of a destination, as told to whoever writes another one. */
export const TARGET_FORMS =
  's3://bucket/prefix, gs://bucket/prefix, https://account.blob.core.windows.net/container/prefix or a directory';

/** Azure's public cloud and its sovereign ones. https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-endpoints */
const AZURE_HOST = /^([a-z0-9]{3,24})\.blob\.core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)$/;
/** Container names: 3 to 63 of lower-case letters, digits and hyphens; the special ones begin with `$`. */
const AZURE_CONTAINER = /^(?:\$root|\$web|\$logs|[a-z0-9](?:-?[a-z0-9]){2,62})$/;
/** S3 and GCS bucket names, old ones with upper case and underscores included. An access point is named by its alias. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,220}[A-Za-z0-9]$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Is this URL's host the machine itself? Only there is plain http without credentials taken for an emulator. */
export function isLoopback(url: string): boolean {
  const parsed = tryUrl(url);
  return parsed !== undefined && isLoopbackHost(parsed.hostname);
}

/** The same of a host name by itself; an address of IPv6 in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/**
 * Takes a destination apart. S3 and GCS prefixes are taken letter by letter; Azure's, being part of a URL, are
 * percent-decoded. Throws URI_INVALID, without repeating any query, for everything that is none of TARGET_FORMS.
 */
export function parseTarget(uri: string): Target {
  if (uri === '' || uri.includes('\0')) throw invalid(uri, 'a destination cannot be empty or hold NUL');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):(?=\/|$)/.exec(uri)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return localTarget(uri);
    case 'file':
      return localTarget(localPathOfUrl(uri));
    case 's3':
    case 'gs':
      return bucketTarget(scheme, uri);
    case 'http':
    case 'https':
      return azureTarget(uri);
    default:
      throw invalid(uri, `unknown scheme ${quote(`${scheme}:`)}`);
  }
}

/**
 * Takes the URI of one object apart: the directory to open and the key in it. `root` can be given to `openStore`; when
 * the URI held a shared access signature so does `root`, and it is a secret then.
 */
export function splitObjectUri(uri: string): { readonly root: string; readonly key: string } {
  const target = parseTarget(uri);
  const whole = target.prefix.slice(0, -1);
  const separator = target.scheme === 'file' ? path.sep : '/';
  const cut = whole.lastIndexOf(separator) + 1;
  const key = whole.slice(cut);
  if (key === '') throw invalid(uri, 'an object is expected, not a whole bucket');
  return { root: withPrefix(target, whole.slice(0, cut)), key };
}

/**
 * What Pinecone is given as `uri`: always ends in `/`, since the service lists by prefix and `…/import` would match
 * `…/import-old/` too. A local directory comes out as `file:///…/`, which only an emulator on this machine takes.
 */
export function importUri(store: Pick<ObjectStore, 'uri' | 'scheme'>): string {
  if (store.scheme !== 'file') return store.uri;
  const href = pathToFileURL(store.uri).href;
  return href.endsWith('/') ? href : `${href}/`;
}

/**
 * Where the state of an import directory lives: `<dir>.pineload/` beside it, since whatever lies inside is part of the
 * import. Keeps a shared access signature (it opens the same container). Throws URI_INVALID for a whole bucket or `/`.
 */
export function siblingState(uri: string): string {
  const target = parseTarget(uri);
  const directory = target.prefix.replace(/[/\\]$/, '');
  if (directory === '' || (target.scheme === 'file' && path.dirname(directory) === directory)) {
    throw new PineloadError('URI_INVALID', {
      source: target.display,
      message: 'there is no room beside the root of a bucket or disk for the state of the run',
      hint: 'Name a directory below it.',
    });
  }
  return withPrefix(target, `${directory}.pineload${target.scheme === 'file' ? path.sep : '/'}`);
}

/** The way back: the import directory beside a state `<dir>.pineload/`; undefined for a state of another name. Keeps a signature. */
export function siblingImports(state: string): string | undefined {
  const target = parseTarget(state);
  const directory = /^(.*[^/\\])\.pineload[/\\]$/s.exec(target.prefix)?.[1];
  return directory === undefined ? undefined : withPrefix(target, directory + target.prefix.slice(-1));
}

/** A URI as it is shown, with the shared access signature that opens another one in the same container. Others stay as they are. */
export function withSignatureOf(uri: string, signed: string): string {
  const [target, other] = [parseTarget(uri), parseTarget(signed)];
  if (target.scheme !== 'azure' || target.credentials !== undefined || other.credentials === undefined) return uri;
  return azureBase(target) === azureBase(other) ? `${uri}?${other.credentials.sas}` : uri;
}

/** A target with another prefix, as a string that `openStore` takes. */
function withPrefix(target: Target, prefix: string): string {
  switch (target.scheme) {
    case 'file':
      return prefix;
    case 's3':
    case 'gs':
      return `${target.scheme}://${target.bucket}/${prefix}`;
    case 'azure':
      return azureBase(target) + encodePath(prefix) + (target.credentials ? `?${target.credentials.sas}` : '');
  }
}

function localTarget(written: string): Target {
  const home = /^~(?=$|\/)/.test(written) ? os.homedir() + written.slice(1) : written;
  const absolute = path.resolve(home);
  const prefix = absolute.endsWith(path.sep) ? absolute : absolute + path.sep;
  return { scheme: 'file', bucket: '', prefix, display: prefix };
}

function localPathOfUrl(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    throw invalid(uri, 'a file: URL needs an absolute path and no host');
  }
}

function bucketTarget(scheme: 's3' | 'gs', uri: string): Target {
  const match = /^[a-z0-9]+:\/\/([^/]*)(?:\/(.*))?$/is.exec(uri);
  const bucket = match?.[1] ?? '';
  if (!BUCKET.test(bucket)) throw invalid(uri, 'there is no valid bucket name');
  if (/[?&](?:x-amz-|x-goog-|awsaccesskeyid|googleaccessid|signature=)/i.test(uri)) {
    throw invalid(uri, 'signed URLs are not taken; credentials come from the environment');
  }
  const prefix = checkedPrefix(match?.[2] ?? '', uri);
  return { scheme, bucket, prefix, display: `${scheme}://${bucket}/${prefix}` };
}

function azureTarget(uri: string): Target {
  const url = tryUrl(uri);
  if (url === undefined) throw invalid(uri, 'not a URL');
  if (url.username !== '' || url.password !== '') throw invalid(uri, 'credentials do not go in front of the host');
  if (url.hash !== '') throw invalid(uri, '"#" is to be written %23');
  // The URL class folds `..` away; what was written has to be looked at.
  const parts = (/^https?:\/\/[^/?]*\/?([^?]*)/i.exec(uri)?.[1] ?? '').split('/');
  const host = AZURE_HOST.exec(url.hostname);
  let account: string | undefined;
  let endpoint: string | undefined;
  if (host !== null && url.protocol === 'https:' && url.port === '') {
    account = host[1];
    if (!url.hostname.endsWith('.windows.net')) endpoint = url.origin;
  } else if (LOOPBACK.test(url.hostname)) {
    // Emulators take the account as the first part of the path.
    account = parts.shift();
    endpoint = `${url.origin}/${account ?? ''}`;
    if (account === undefined || !/^[a-z0-9]{3,24}$/.test(account)) throw invalid(uri, 'there is no account name');
  } else {
    throw invalid(uri, 'only Azure Blob Storage is reached by an https URL');
  }
  const container = parts.shift() ?? '';
  if (!AZURE_CONTAINER.test(container)) throw invalid(uri, 'there is no valid container name');
  const prefix = checkedPrefix(decodePath(parts.join('/'), uri), uri);
  const sas = url.search.slice(1);
  if (sas !== '' && !/(?:^|&)sig=/.test(sas)) throw invalid(uri, 'the query is no shared access signature');
  const target = { scheme: 'azure', bucket: container, account, endpoint, prefix } as const;
  return {
    ...target,
    display: azureBase(target) + encodePath(prefix),
    ...(sas === '' ? {} : { credentials: { sas } }),
  };
}

function azureBase(target: Pick<Target, 'account' | 'endpoint' | 'bucket'>): string {
  return `${target.endpoint ?? `https://${target.account ?? ''}.blob.core.windows.net`}/${target.bucket}/`;
}

function checkedPrefix(written: string, uri: string): string {
  const bare = written.replace(/\/$/, '');
  if (bare === '') return '';
  for (const part of bare.split('/')) {
    if (part === '' || part === '.' || part === '..') {
      throw invalid(uri, 'no part of the prefix may be empty, "." or ".."');
    }
  }
  if (/[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(bare)) throw invalid(uri, 'control characters in the prefix');
  return `${bare}/`;
}

function decodePath(text: string, uri: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(uri, '"%" must begin an escape of two hex digits; a bare one is written %25');
  }
}

function encodePath(text: string): string {
  return text.split('/').map(encodeURIComponent).join('/');
}

function tryUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function invalid(uri: string, why: string): PineloadError {
  // Queries and user names may be secrets, so they are cut off before anything is shown.
  const shown = uri.replace(/\?.*$/s, '').replace(/^([a-z0-9+.-]+:\/\/)[^/]*@/i, '$1');
  return new PineloadError('URI_INVALID', { message: `${quote(shown)} is not valid: ${why}`, expected: TARGET_FORMS });
}
