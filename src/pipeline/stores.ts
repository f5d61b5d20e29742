import { parseBytes } from '../base/bytes.js';
import type { EventListener } from '../base/events.js';
import { Bandwidth } from '../uploaders/bandwidth.js';
import { openStore } from '../uploaders/open-store.js';
import { parseTarget, siblingState } from '../uploaders/uri.js';
import type { ObjectStore, StoreOptions } from '../uploaders/object-store.js';
import { RequestPace } from '../uploaders/request-pace.js';

/** How to reach the stores that a run touches. Credentials come from each provider's default chain. */
export interface StoreAccess {
  /** S3-compatible endpoint, e.g. `http://127.0.0.1:9000`. Default: AWS. */
  readonly s3Endpoint?: string | undefined;
  /** Default: the SDK's own (AWS_REGION, profile). */
  readonly s3Region?: string | undefined;
  /** Bucket in the path instead of the host name. Default: true with an endpoint. */
  readonly s3PathStyle?: boolean | undefined;
  /** `none` for S3-compatible stores that refuse the newest checksum headers. */
  readonly s3Checksums?: 'default' | 'none' | undefined;
  /** Google Cloud Storage API endpoint. Default: Google. */
  readonly gcsEndpoint?: string | undefined;
  /** Requests without credentials, for public buckets. Default false. */
  readonly anonymous?: boolean | undefined;
  /** Size of a part of an upload. Default DEFAULT_PART_BYTES. */
  readonly partSize?: number | undefined;
  /** Parts of one object under way at once. Default DEFAULT_PARTS_IN_FLIGHT. */
  readonly parts?: number | undefined;
  /** Tries of one request to a store. Default DEFAULT_STORE_TRIES. */
  readonly tries?: number | undefined;
  /** Bytes sent a second, at the most, such as `50MB`. Default: no limit. */
  readonly bandwidth?: number | string | undefined;
}

/** What the stores of a run share: requests at once, and the link. Trouble on the way becomes an event. */
export function sharedPace(
  uri: string,
  access: StoreAccess & { readonly onEvent?: EventListener | undefined },
): RequestPace {
  const { bandwidth, onEvent } = access;
  const { display } = parseTarget(uri);
  return new RequestPace({
    ...(bandwidth === undefined ? {} : { bandwidth: new Bandwidth(parseBytes(bandwidth, 'bandwidth')) }),
    ...(onEvent === undefined
      ? {}
      : { onTrouble: (trouble) => onEvent({ type: 'store.trouble', uri: display, ...trouble }) }),
  });
}

/** Opens a directory in a store with the access options that belong to its scheme. */
export async function openWithAccess(
  uri: string,
  access: StoreAccess,
  pace = sharedPace(uri, access),
): Promise<ObjectStore> {
  const { scheme } = parseTarget(uri);
  const common: StoreOptions = {
    anonymous: access.anonymous,
    partBytes: access.partSize,
    partsInFlight: access.parts,
    tries: access.tries,
    pace,
  };
  if (scheme === 's3') {
    return openStore(uri, {
      ...common,
      endpoint: access.s3Endpoint,
      region: access.s3Region,
      forcePathStyle: access.s3PathStyle,
      checksums: access.s3Checksums,
    });
  }
  if (scheme === 'gs') return openStore(uri, { ...common, endpoint: access.gcsEndpoint });
  return openStore(uri, common);
}

/**
 * Parts of what lies in the state are smaller than those of an import: the buffers of the plan of 100,000 inputs, which has 20 MB, would be
 * a quarter of the memory that it takes to make it. No store takes smaller ones than S3 (S3_MIN_PART_BYTES).
 */
export const STATE_PART_BYTES = 5 * 1024 * 1024;

/**
 * Parts of the files of a conversion, where each open file holds one in memory that is being filled: with 8 MiB, 8 files fit the
 * default memory beside what is gathered for them, at the speed of larger ones. As many bytes of a file are on the way as in an upload.
 */
export const STREAM_PART_BYTES = 8 * 1024 * 1024;
/** Parts on the way at once, of one file or of all that are open, as far as the memory holds them. */
export const STREAM_PARTS_IN_FLIGHT = 4;

/** The import directory and, beside it, the state of the run. */
export interface Target {
  readonly imports: ObjectStore;
  readonly state: ObjectStore;
}

export async function openTarget(
  to: string,
  state: string | undefined,
  access: StoreAccess,
  pace = sharedPace(to, access),
): Promise<Target> {
  const imports = await openWithAccess(to, streaming(access), pace);
  const partSize = Math.min(access.partSize ?? Infinity, STATE_PART_BYTES);
  return { imports, state: await openWithAccess(state ?? siblingState(to), { ...access, partSize }, pace) };
}

/** The access to a store that files are written to while they are made: parts as they are stated, else by STREAM_PART_BYTES. */
export function streaming<Access extends StoreAccess>(access: Access): Access {
  const { partSize = STREAM_PART_BYTES, parts = STREAM_PARTS_IN_FLIGHT } = access;
  return { ...access, partSize, parts };
}

/** The import directory as it is shown, for plans; undefined where the state lies beside it and tells its place itself. */
export function targetOutsideState(to: string, { imports, state }: Target): string | undefined {
  return parseTarget(siblingState(to)).display === state.uri ? undefined : imports.uri;
}
