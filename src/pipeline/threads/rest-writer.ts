import { LocalStore } from '../../uploaders/local-store.js';
import type { ManifestFile } from '../../writers/manifest.js';
import { writeRests } from '../../writers/write-rests.js';
import type { RestsRequest } from './protocol.js';

const targets = new Map<string, LocalStore>();

/** Writes small files on this thread. */
export function writeRestsHere({ root, terms, rests, stores }: RestsRequest): Promise<ManifestFile[]> {
  let store = targets.get(root);
  if (store === undefined) targets.set(root, (store = new LocalStore({ prefix: root })));
  return writeRests(store, terms, rests, stores);
}
