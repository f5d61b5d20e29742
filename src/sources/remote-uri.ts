import { PineloadError, quote } from '../base/errors.js';
import { looksLikeGlob } from './names.js';

/** An input that lies in a store, taken apart. */
export interface RemoteInput {
  /** As the user wrote it, without a query. */
  readonly shown: string;
  /** Directory to open, ending in `/`, with its query. May hold a shared access signature: a secret. */
  readonly root: string;
  /** Key below the root, percent-decoded for Azure; `''` for everything below it. */
  readonly key: string;
  /** The literal directory above the first glob character, and the glob below it; undefined when there is no glob. */
  readonly glob: { readonly root: string; readonly pattern: string } | undefined;
}

/** Does this input name a store? `C:\data` does not, nor does a file called `a:b`. */
export function isRemote(input: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(input) && !/^file:/i.test(input);
}

/** Takes `s3://bucket/dir/words-*.jsonl` apart. What the store's own parser has to refuse is left to it. */
export function parseRemote(input: string): RemoteInput {
  const isUrl = /^https?:/i.test(input);
  // In a URL the first `?` begins the query; in an S3 or GCS key it is a letter like others (and a glob character).
  const queryAt = isUrl ? input.indexOf('?') : -1;
  const query = queryAt < 0 ? '' : input.slice(queryAt);
  let path = queryAt < 0 ? input : input.slice(0, queryAt);
  const shown = path;
  const hostEnd = path.indexOf('/', path.indexOf('://') + 3);
  if (hostEnd < 0) path += '/';
  const decode = (text: string): string => (isUrl ? decodeKey(text, shown) : text);

  const cut = path.lastIndexOf('/') + 1;
  const plain = { shown, root: path.slice(0, cut) + query, key: decode(path.slice(cut)) };
  const keyPart = path.slice(path.indexOf('/', path.indexOf('://') + 3) + 1);
  if (!looksLikeGlob(keyPart)) return { ...plain, glob: undefined };
  const literal = path.slice(0, path.length - keyPart.length + keyPart.search(/[*?[\]{}]/));
  const globCut = literal.lastIndexOf('/') + 1;
  return {
    ...plain,
    glob: { root: path.slice(0, globCut) + query, pattern: decode(path.slice(globCut)) },
  };
}

function decodeKey(text: string, shown: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new PineloadError('URI_INVALID', {
      message: `${quote(shown)} is not valid: "%" must begin an escape of two hex digits`,
      cause,
    });
  }
}
