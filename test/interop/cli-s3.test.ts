import { openStore } from '../../src/uploaders/open-store.js';
import { cloudSuite } from '../support/cloud-suite.js';
import { startMinio } from '../support/minio.js';

cloudSuite('S3 (MinIO)', { checksKeys: true, kills: 8 }, async () => {
  const minio = await startMinio();
  await minio.createBucket('data');
  Object.assign(process.env, minio.env);
  const wrongSecret = 'not-the-secret-of-this-server';
  return {
    env: minio.env,
    wrongEnv: { ...minio.env, AWS_SECRET_ACCESS_KEY: wrongSecret },
    uri: (directory) => minio.uri('data', directory),
    missingBucketUri: minio.uri('missing', 'x'),
    open: (uri) => openStore(uri, { endpoint: minio.endpoint }),
    secrets: [minio.env.AWS_SECRET_ACCESS_KEY, wrongSecret],
    stop: async () => {
      for (const name of Object.keys(minio.env)) delete process.env[name];
      await minio.stop();
    },
  };
});
