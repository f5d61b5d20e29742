import { openStore } from '../../src/uploaders/open-store.js';
import { cloudSuite } from '../support/cloud-suite.js';
import { startFakeGcs } from '../support/fake-gcs.js';

cloudSuite('Google Cloud Storage (fake-gcs-server)', { checksKeys: false, kills: 8 }, async () => {
  const gcs = await startFakeGcs();
  await gcs.createBucket('data');
  return {
    env: { PINELOAD_GCS_ENDPOINT: gcs.endpoint, PINELOAD_ANONYMOUS: '1' },
    uri: (directory) => gcs.uri('data', directory),
    missingBucketUri: gcs.uri('missing', 'x'),
    open: (uri) => openStore(uri, { endpoint: gcs.endpoint, anonymous: true }),
    secrets: [],
    stop: () => gcs.stop(),
  };
});
