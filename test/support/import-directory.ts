import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';

/** Makes a directory as `convert` leaves it, of random bytes: uploads look at names, sizes and checksums only. */
export async function makeImportDirectory(directory: string, sizes: readonly number[]): Promise<void> {
  const files: { path: string; namespace: string; records: number; bytes: number; sha256: string }[] = [];
  for (const [index, bytes] of sizes.entries()) {
    const namespace = `ns-${index % 3}`;
    const file = `${namespace}/part-00000-${String(index).padStart(5, '0')}.parquet`;
    const content = randomBytes(bytes);
    await fs.mkdir(path.join(directory, namespace), { recursive: true });
    await fs.writeFile(path.join(directory, file), content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    files.push({ path: file, namespace, records: 1, bytes, sha256 });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const namespaces = [...new Set(files.map(({ namespace }) => namespace))].sort().map((namespace) => {
    const own = files.filter((each) => each.namespace === namespace);
    const bytes = own.reduce((sum, each) => sum + each.bytes, 0);
    return { namespace, records: own.length, files: own.length, bytes, rejected: 0 };
  });
  const manifest = {
    ...{ format: 'pineload-manifest', version: 1, pineload: '0.1.0', kind: 'dense', dimension: 1 },
    ...{ records: files.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0), rejected: 0, rejectsByCode: {} },
    ...{ namespaces, files },
  };
  await fs.mkdir(`${directory}.pineload`, { recursive: true });
  await fs.writeFile(`${directory}.pineload/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
}
