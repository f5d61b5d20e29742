// Parquet that another tool wrote, such as a data set with embeddings from Hugging Face: the vectors go from its columns to
// Pinecone's, the other columns become metadata.
//
//     node hugging-face.mjs 'data/train-*.parquet' out/wikipedia 2026-11-22
//
// On the command line the same is
//
//     npx pineload convert 'data/train-*.parquet' --to out/wikipedia --id-field _id --values-field emb \
//       --metadata-fields title,text,url,views --namespace 'wikipedia-{run}' --run-id 2026-11-22
import { convert } from 'pineload';

const [inputs = 'data/train-*.parquet', to = 'out/wikipedia', runId = '1'] = process.argv.slice(2);

const { manifest, rejectsFile } = await convert({
  inputs,
  to,
  idField: '_id',
  valuesField: 'emb',
  metadataFields: ['title', 'text', 'url', 'views'],
  namespace: 'wikipedia-{run}',
  runId,
  onError: 'skip',
  onEvent: (event) => {
    if (event.type === 'mapping') console.log(event.fields, 'left behind:', event.unused);
  },
});
console.log(`${manifest.records} records, ${manifest.bytes} bytes of Parquet`);
if (rejectsFile !== undefined) console.log(`${manifest.rejected} rejected: ${rejectsFile}`);
