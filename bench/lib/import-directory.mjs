import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { randomBits } from './random.mjs';

/** So many files differ; the others are links to them, so that the page cache holds 10 GB and still has room for the store's. */
const DISTINCT_FILES = 10;

/**
 * A directory as `convert` leaves it, of random bytes: an upload looks at names, sizes and checksums only.
 *
 * @param {string} directory
 * @param {{ files: number, bytes: number, seed?: number }} size files of `bytes / files` each
 * @returns {number} bytes of all files
 */
export function makeImportDirectory(directory, { files: count, bytes, seed = 1 }) {
  rmSync(directory, { recursive: true, force: true });
  const bits = randomBits(seed);
  const each = Math.max(1, Math.floor(bytes / count));
  const made = [];
  const namespaces = new Map();
  const files = [];
  for (let index = 0; index < count; index++) {
    const namespace = `ns-${index % 8}`;
    const path = `${namespace}/part-00000-${String(index).padStart(5, '0')}.parquet`;
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    const same = made[index % DISTINCT_FILES];
    if (same === undefined) {
      const content = Buffer.from(Uint32Array.from({ length: Math.ceil(each / 4) }, bits).buffer, 0, each);
      writeFileSync(file, content);
      made.push({ file, sha256: createHash('sha256').update(content).digest('hex') });
    } else {
      linkSync(same.file, file);
    }
    files.push({ path, namespace, records: 1, bytes: each, sha256: made[index % DISTINCT_FILES].sha256 });
    const sum = namespaces.get(namespace) ?? { namespace, records: 0, files: 0, bytes: 0, rejected: 0 };
    namespaces.set(namespace, { ...sum, records: sum.records + 1, files: sum.files + 1, bytes: sum.bytes + each });
  }
  const manifest = {
    ...{ format: 'pineload-manifest', version: 1, pineload: '0.1.0', kind: 'dense', dimension: 1 },
    ...{ records: count, bytes: each * count, rejected: 0, rejectsByCode: {} },
    namespaces: [...namespaces.values()].sort((a, b) => (a.namespace < b.namespace ? -1 : 1)),
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
  mkdirSync(`${directory}.pineload`, { recursive: true });
  writeFileSync(join(`${directory}.pineload`, 'manifest.json'), `${JSON.stringify(manifest)}\n`);
  return each * count;
}
