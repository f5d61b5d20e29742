import { startAzurite } from '../support/azurite.js';
import { storeSuite } from './store-suite.js';

storeSuite('Azure Blob Storage (azurite)', async () => {
  const azurite = await startAzurite();
  await azurite.createContainer('data');
  Object.assign(process.env, azurite.env);
  return {
    access: {},
    uri: (container, prefix) => azurite.uri(container, prefix),
    stop: async () => {
      for (const name of Object.keys(azurite.env)) delete process.env[name];
      await azurite.stop();
    },
  };
});
