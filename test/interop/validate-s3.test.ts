import { startMinio } from '../support/minio.js';
import { storeSuite } from '../validate/store-suite.js';

storeSuite('S3 (MinIO)', async () => {
  const minio = await startMinio();
  await minio.createBucket('data');
  Object.assign(process.env, minio.env);
  return {
    access: { s3Endpoint: minio.endpoint },
    uri: (bucket, prefix) => minio.uri(bucket, prefix),
    stop: async () => {
      for (const name of Object.keys(minio.env)) delete process.env[name];
      await minio.stop();
    },
  };
});
