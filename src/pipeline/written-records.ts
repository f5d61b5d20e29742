import { createHash } from 'node:crypto';
import type { SampleRecord } from '../importer/sample.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { Manifest } from '../writers/manifest.js';
import { WrittenFile } from './written-file.js';

/** Records that are fetched back from the index after an import, unless told otherwise. */
export const DEFAULT_VERIFY_SAMPLE = 20;
/** They are taken from so many row groups at most, since of each the whole column of vectors is read. */
export const SAMPLE_ROW_GROUPS = 4;
/** Ids of a namespace that are compared with each other to explain missing records; for more it is not tried. */
export const MAX_EXPLAINED_RECORDS = 1_000_000;

/**
 * Records of the written files, to be looked for in the index. Which ones follows from the manifest alone, so that a repeated
 * verification looks at the same.
 *
 * @param seed the manifest's digest
 */
export async function pickSample(
  store: ObjectStore,
  manifest: Manifest,
  seed: string,
  count: number,
  signal?: AbortSignal,
): Promise<SampleRecord[]> {
  const ranked = manifest.files
    .map((file) => ({ file, rank: hash(seed, file.path) }))
    .sort((a, b) => a.rank - b.rank || (a.file.path < b.file.path ? -1 : 1))
    .slice(0, Math.min(SAMPLE_ROW_GROUPS, count));
  const dimension = manifest.kind === 'sparse' ? 0 : (manifest.dimension ?? 0);
  const records: SampleRecord[] = [];
  for (const [i, { file, rank }] of ranked.entries()) {
    const written = await WrittenFile.open(store, file, signal);
    const group = rank % written.rowGroups;
    const ids = await written.ids(group);
    const rows = written.sampleRows(group, dimension);
    const wanted = Math.ceil((count - records.length) / (ranked.length - i));
    records.push(...(await written.records(group, pickRows(ids, rows, wanted, `${seed}/${file.path}`), dimension)));
  }
  return records;
}

/** Rows whose ids stand there once: of several with one id the service keeps any. */
function pickRows(ids: readonly string[], rows: number, wanted: number, seed: string): number[] {
  const times = new Map<string, number>();
  for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1);
  const picked = new Set<number>();
  // More tries than rows are wanted, since some hit the same row or an id that is there twice.
  for (let i = 0; picked.size < Math.min(wanted, rows) && i < 4 * wanted + 16; i++) {
    const row = hash(seed, String(i)) % rows;
    if (times.get(ids[row]!) === 1) picked.add(row);
  }
  return [...picked].sort((a, b) => a - b);
}

/**
 * Why the index may hold fewer records of a namespace than its files: ids that occur more than once, and, among records with
 * different ids, vectors that do, which the service takes for duplicates and drops (docs.pinecone.io/guides/index-data/import-data,
 * 2026-01).
 */
export async function explainMissing(
  store: ObjectStore,
  manifest: Manifest,
  namespace: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const entry = manifest.namespaces.find((one) => one.namespace === namespace);
  if (entry === undefined || entry.records > MAX_EXPLAINED_RECORDS) return undefined;
  const dimension = manifest.kind === 'dense' ? (manifest.dimension ?? 0) : 0;
  const ids = new Set<string>();
  const vectors = new Set<string>();
  let sameId = 0;
  let sameVector = 0;
  for (const file of manifest.files) {
    if (file.namespace !== namespace) continue;
    const written = await WrittenFile.open(store, file, signal);
    for (let group = 0; group < written.rowGroups; group++) {
      const values = dimension > 0 ? await written.vectors(group, dimension) : [];
      for (const [row, id] of (await written.ids(group)).entries()) {
        if (ids.has(id)) {
          sameId++;
          continue;
        }
        ids.add(id);
        const vector = values[row];
        if (vector === undefined) continue;
        const digest = vectorDigest(vector);
        if (vectors.has(digest)) sameVector++;
        else vectors.add(digest);
      }
    }
  }
  const reasons: string[] = [];
  if (sameId > 0) reasons.push(`${have(sameId)} the id of another one, of which the index keeps one`);
  if (sameVector > 0)
    reasons.push(`${have(sameVector)} the same vector as another one, which the service drops as a duplicate`);
  if (reasons.length > 0) return reasons.join('; ');
  return dimension > 0
    ? 'its ids and vectors are all different: the reason is another one'
    : 'its ids are all different: the reason is another one';
}

const have = (records: number): string => `${records} of its records ${records === 1 ? 'has' : 'have'}`;

/** Equal for vectors that are equal as numbers: -0 is 0. */
function vectorDigest(vector: Float32Array): string {
  for (let i = 0; i < vector.length; i++) if (vector[i] === 0) vector[i] = 0;
  return createHash('sha1')
    .update(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
    .digest('base64');
}

/** 48 bits that are the same on every machine. */
function hash(seed: string, text: string): number {
  return createHash('sha256').update(`${seed}\n${text}`).digest().readUIntBE(0, 6);
}
