import { PineloadError, quote } from '../base/errors.js';
import { MAX_URI_LENGTH } from '../records/limits.js';

/** What the service reads from. OpenAPI 2026-04 `StartImportRequest.uri`; anything else is refused by the start itself. */
export const IMPORT_URI_FORMS =
  's3://BUCKET/DIR/, gs://BUCKET/DIR/ or https://ACCOUNT.blob.core.windows.net/CONTAINER/DIR/';

const AZURE_HOST = /^[a-z0-9]{3,24}\.blob\.core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)$/i;

/**
 * The URI to import from as the service is to get it: of a form it accepts, ending in `/` (it lists by prefix, so
 * `…/import` would take `…/import-old/` along), and not too long. An emulator on this machine also reads
 * directories (`file:///…/`) and storage emulators (`http://127.0.0.1:…/`).
 *
 * @param loopback the index is on this machine
 * @param maxLength characters at most
 * @throws URI_INVALID; a query, which may be a secret, is not repeated
 */
export function checkImportUri(uri: string, loopback: boolean, maxLength = MAX_URI_LENGTH): string {
  const shown = quote(uri.replace(/\?.*$/s, '?…'));
  const refuse = (expected: string, hint?: string): never => {
    throw new PineloadError('URI_INVALID', {
      field: 'uri',
      expected,
      got: shown,
      ...(hint === undefined ? {} : { hint }),
    });
  };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(uri)?.[1];
  switch (scheme) {
    case 's3':
    case 'gs': {
      const bucket = /^[a-z0-9]+:\/\/([^/]+)/.exec(uri)?.[1];
      if (bucket === undefined) return refuse(IMPORT_URI_FORMS);
      // S3 Express One Zone. docs.pinecone.io/guides/index-data/import-data (2026-01)
      if (scheme === 's3' && bucket.endsWith('--x-s3'))
        return refuse('no S3 directory bucket: Pinecone cannot read it');
      break;
    }
    case 'https':
    case 'http': {
      const url = tryUrl(uri);
      if (url === null) return refuse(IMPORT_URI_FORMS);
      if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
        return refuse(
          'a URI without query and credentials',
          'Pinecone reads private containers through a storage integration, not with a shared access signature.',
        );
      }
      if (!loopback && (scheme === 'http' || !AZURE_HOST.test(url.hostname))) return refuse(IMPORT_URI_FORMS);
      if (url.pathname.split('/')[1] === '') return refuse('a container after the host');
      break;
    }
    case 'file':
      if (!loopback) {
        return refuse(IMPORT_URI_FORMS, 'A local directory can be imported by an emulator on this machine only.');
      }
      break;
    default:
      return refuse(loopback ? `${IMPORT_URI_FORMS}; for an emulator also file:///DIR/` : IMPORT_URI_FORMS);
  }
  if (/\.parquet\/?$/i.test(uri)) {
    return refuse(
      'the directory that holds one sub-directory for each namespace',
      'A file cannot be imported by itself.',
    );
  }
  const ended = uri.endsWith('/') ? uri : `${uri}/`;
  if (ended.length > maxLength) return refuse(`at most ${maxLength} characters`);
  return ended;
}

/** Do two URIs name the same import directory? The service gives back what it was given, with or without the last `/`. */
export function sameImportUri(a: string | undefined, b: string): boolean {
  return a !== undefined && a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}

function tryUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
