import { createHash } from 'node:crypto';
import { formatBytes, formatCount } from '../base/bytes.js';
import { PineloadError } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { Manifest } from '../writers/manifest.js';
import { readStateJson, writeStateJson } from './state-json.js';

export const UPLOAD_PLAN_KEY = 'upload.json';

/**
 * What the first call of an upload fixes for those that go on with it. The manifest stands for the inputs: it holds size and SHA-256 of each
 * file. Which files a call leaves out, and how fast it goes, is its own affair.
 */
export interface FrozenUpload {
  readonly format: 'pineload-upload';
  readonly version: 1;
  /** The version that began it, and that goes on with it: as with a conversion, only who asks for it mixes two of them in one import. */
  readonly pineload: string;
  readonly manifestSha256: string;
  readonly files: number;
  readonly bytes: number;
  /** Parts of another size could not be gone on with. Undefined: a local directory. */
  readonly partBytes?: number | undefined;
}

export async function readFrozenUpload(state: ObjectStore, signal?: AbortSignal): Promise<FrozenUpload | undefined> {
  return (await readStateJson(state, UPLOAD_PLAN_KEY, 'pineload-upload', signal)) as unknown as
    FrozenUpload | undefined;
}

export function freezeUpload(manifest: Manifest, bytes: Uint8Array, partBytes: number | undefined): FrozenUpload {
  return {
    format: 'pineload-upload',
    version: 1,
    pineload: VERSION,
    manifestSha256: createHash('sha256').update(bytes).digest('hex'),
    files: manifest.files.length,
    bytes: manifest.bytes,
    ...(partBytes === undefined ? {} : { partBytes }),
  };
}

export function writeFrozenUpload(state: ObjectStore, frozen: FrozenUpload, signal?: AbortSignal): Promise<void> {
  return writeStateJson(state, UPLOAD_PLAN_KEY, frozen, signal);
}

/** @throws PLAN_DIFFERS when an upload that was begun is not this one */
export function checkFrozen(to: ObjectStore, before: FrozenUpload, now: FrozenUpload): void {
  const differs = DIFFERENCES.find((tell) => tell(before) !== tell(now));
  if (differs === undefined) return;
  throw new PineloadError('PLAN_DIFFERS', {
    source: to.uri,
    message: 'another upload was begun here',
    expected: differs(before),
    got: differs(now),
    hint: 'Run the first command again to finish it, choose another target, or start anew with --overwrite.',
  });
}

/** What two uploads may differ in, as it is told. */
const DIFFERENCES: readonly ((upload: FrozenUpload) => string)[] = [
  ({ files, bytes, manifestSha256 }) =>
    `${formatCount(files)} file${files === 1 ? '' : 's'}, ${formatBytes(bytes)}, manifest ${manifestSha256.slice(0, 12)}…`,
  ({ partBytes }) => `parts of ${partBytes} bytes`,
  ({ pineload }) => `pineload ${pineload}`,
];
