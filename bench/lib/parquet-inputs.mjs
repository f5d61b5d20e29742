import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertRecords } from '../../dist/index.js';
import { parquetBytes } from './contest.mjs';
import { readFacts } from './facts.mjs';
import { randomBits } from './random.mjs';

const NAMESPACES = 4;
/** Vectors are stretches of so many random numbers, with the record's number in front: no two are the same. */
const POOL_NUMBERS = 1 << 20;

/**
 * An import directory of about so many bytes of vectors, as pineload writes it by default: floats PLAIN and uncompressed, row groups of
 * 8 MB. `parquet-1536`: of 1536 dimensions.
 * @returns {Promise<{ kind: string, path: string, dir: string, bytes: number, textBytes: number, rows: number, seed: number, namespaces: object }>}
 */
export async function parquetInput(kind, bytes, root, seed) {
  const dimension = Number(kind.split('-')[1]);
  const rows = Math.max(NAMESPACES, Math.round(bytes / (4 * dimension)));
  const dir = join(root, `${kind}-${rows}`);
  const done = `${dir}.facts.json`;
  const known = readFacts(done);
  if (known !== undefined) return known;
  rmSync(dir, { recursive: true, force: true });
  await convertRecords(records(dimension, rows, seed), { to: dir, duplicates: 'allow', overwrite: true });
  const size = parquetBytes(dir);
  const namespaces = Object.fromEntries(Array.from({ length: NAMESPACES }, (_, i) => [`n${i}`, 0]));
  const facts = { kind, path: dir, dir, bytes: size, textBytes: size, rows, seed, namespaces };
  writeFileSync(done, JSON.stringify(facts));
  return facts;
}

async function* records(dimension, rows, seed) {
  const bits = randomBits(seed);
  const pool = Float32Array.from({ length: POOL_NUMBERS + dimension }, () => bits() / 2 ** 32 - 0.5);
  for (let i = 0; i < rows; i++) {
    const from = (i * 7919) % POOL_NUMBERS;
    const values = pool.slice(from, from + dimension);
    values[0] = (i % 4096) + 1;
    values[1] = Math.floor(i / 4096);
    const metadata = { title: `t${i}`, page: i % 100, lang: 'en' };
    yield { id: `doc-${i}`, values, metadata, namespace: `n${i % NAMESPACES}` };
  }
}
