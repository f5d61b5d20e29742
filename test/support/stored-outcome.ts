import { openStore } from '../../src/uploaders/open-store.js';
import { readAll } from './store-conformance.js';

/** Every object of an import in a bucket, and its manifest, by name; a byte that differs shows. */
export async function storedOutcome(to: string, endpoint: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const imports = await openStore(to, { endpoint });
  for await (const { key } of imports.list('')) found[key] = (await readAll(imports.read(key))).toString('base64');
  await imports.close();
  const state = await openStore(`${to}.pineload`, { endpoint });
  found['manifest.json'] = (await readAll(state.read('manifest.json'))).toString();
  await state.close();
  return found;
}
