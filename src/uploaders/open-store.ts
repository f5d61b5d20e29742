import type { ObjectStore, StoreOptions } from './object-store.js';
import { parseTarget } from './uri.js';

/**
 * Opens the directory that `uri` names (see TARGET_FORMS). The provider's SDK is loaded here and only for its own scheme.
 * Nothing is asked of the store yet: a missing bucket or a wrong key shows with the first call. Throws URI_INVALID.
 */
export async function openStore(uri: string, options: StoreOptions = {}): Promise<ObjectStore> {
  const target = parseTarget(uri);
  switch (target.scheme) {
    case 'file': {
      const { LocalStore } = await import('./local-store.js');
      return new LocalStore(target);
    }
    case 's3': {
      const { openS3Store } = await import('./s3-store.js');
      return openS3Store(target, options);
    }
    case 'gs': {
      const { openGcsStore } = await import('./gcs-store.js');
      return openGcsStore(target, options);
    }
    case 'azure': {
      const { openAzureStore } = await import('./azure-store.js');
      return openAzureStore(target, options);
    }
  }
}
