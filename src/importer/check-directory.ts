import { quote } from '../base/errors.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { Manifest } from '../writers/manifest.js';
import { finding, type Finding } from './findings.js';

const SHOWN_FILES = 5;

/**
 * Does the directory hold exactly the Parquet files of the manifest, of its sizes? The service imports every `.parquet`
 * it finds under the URI, so one too many is as bad as one missing.
 */
export async function checkDirectory(store: ObjectStore, manifest: Manifest, signal?: AbortSignal): Promise<Finding> {
  const expected = new Map(manifest.files.map((file) => [file.path, file.bytes]));
  const strays: string[] = [];
  const changed: string[] = [];
  for await (const { key, bytes } of store.list('', { signal })) {
    if (!key.toLowerCase().endsWith('.parquet')) continue;
    const size = expected.get(key);
    if (size === undefined) strays.push(key);
    else if (size !== bytes) changed.push(key);
    expected.delete(key);
  }
  const wrong = [
    ...describe('not of this conversion', strays),
    ...describe('missing', [...expected.keys()]),
    ...describe('of another size', changed),
  ];
  if (wrong.length === 0) {
    return finding(
      'ok',
      'DIRECTORY',
      `the directory holds the ${manifest.files.length} files of the manifest and no others`,
    );
  }
  return finding('error', 'DIRECTORY', 'the directory does not hold what the manifest says', {
    expected: `${manifest.files.length} files and no other .parquet`,
    got: wrong.join('; '),
    hint: 'Upload again what is missing; remove .parquet files that do not belong to it.',
  });
}

function describe(what: string, keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  const more = keys.length > SHOWN_FILES ? `, …` : '';
  return [
    `${keys.length} ${what}: ${keys
      .slice(0, SHOWN_FILES)
      .map((key) => quote(key))
      .join(', ')}${more}`,
  ];
}
