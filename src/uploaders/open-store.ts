import type { ObjectStore, StoreOptions } from './object-store.js';
import { PineloadError } from '../base/errors.js';
import { parseTarget } from './uri.js';

/**
 * Opens the directory that `uri` names (see TARGET_FORMS). The provider's SDK is loaded here and only for its own scheme.
 * Nothing is asked of the store yet: a missing bucket or a wrong key shows with the first call. Throws URI_INVALID.
 */
export async function openStore(uri: string, _options: StoreOptions = {}): Promise<ObjectStore> {
  const target = parseTarget(uri);
  switch (target.scheme) {
    case 'file': {
      const { LocalStore } = await import('./local-store.js');
      return new LocalStore(target);
    }
    default:
      throw new PineloadError('URI_INVALID', { source: target.display, message: 'this scheme is not built in yet' });
  }
}
