import { randomBytes } from 'node:crypto';
import { openStore } from '../../src/uploaders/open-store.js';
import { startAzurite } from '../support/azurite.js';
import { cloudSuite } from '../support/cloud-suite.js';

cloudSuite('Azure Blob Storage (azurite)', { checksKeys: true, kills: 2 }, async () => {
  const azurite = await startAzurite();
  await azurite.createContainer('data');
  Object.assign(process.env, azurite.env);
  const wrongKey = randomBytes(64).toString('base64');
  return {
    env: azurite.env,
    wrongEnv: {
      AZURE_STORAGE_CONNECTION_STRING: azurite.env.AZURE_STORAGE_CONNECTION_STRING.replace(azurite.key, wrongKey),
    },
    uri: (directory) => azurite.uri('data', directory),
    missingBucketUri: azurite.uri('missing', 'x'),
    open: (uri) => openStore(uri),
    secrets: [azurite.key, wrongKey],
    stop: async () => {
      for (const name of Object.keys(azurite.env)) delete process.env[name];
      await azurite.stop();
    },
  };
});
