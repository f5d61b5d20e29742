import { startFakeGcs } from '../support/fake-gcs.js';
import { storeSuite } from '../validate/store-suite.js';

storeSuite('Google Cloud Storage (fake-gcs-server)', async () => {
  const gcs = await startFakeGcs();
  await gcs.createBucket('data');
  return {
    access: { gcsEndpoint: gcs.endpoint, anonymous: true },
    uri: (bucket, prefix) => gcs.uri(bucket, prefix),
    stop: () => gcs.stop(),
  };
});
