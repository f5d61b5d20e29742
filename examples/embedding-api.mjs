// Records from an async generator that calls an embedding API: texts in batches, a few requests under way at once, retries that
// obey Retry-After, and back-pressure: while the store is slow, nothing is asked of the API.
//
//     EMBEDDINGS_URL=https://api.openai.com/v1 EMBEDDINGS_KEY=... node embedding-api.mjs texts.jsonl s3://my-bucket/texts
//
// Each line of the input is `{"id": "a-1", "text": "…"}`.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { convertRecords } from 'pineload';

const { EMBEDDINGS_URL = 'https://api.openai.com/v1', EMBEDDINGS_KEY = '' } = process.env;
const MODEL = process.env.EMBEDDINGS_MODEL ?? 'text-embedding-3-small';
const BATCH = 64;
const UNDER_WAY = 4;
const TRIES = 6;

/** The texts' vectors. base64 of float32 is a quarter of the size of decimal text, and loses nothing. */
async function embed(texts) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${EMBEDDINGS_URL}/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${EMBEDDINGS_KEY}` },
      body: JSON.stringify({ model: MODEL, input: texts, encoding_format: 'base64' }),
      signal: AbortSignal.timeout(60_000),
    }).catch((error) => error);
    if (response.ok) {
      const { data } = await response.json();
      return data.sort((a, b) => a.index - b.index).map(({ embedding }) => floats(embedding));
    }
    const mayHelp = response instanceof Error || response.status === 429 || response.status >= 500;
    const what = response instanceof Error ? response.message : `HTTP ${response.status}`;
    if (!mayHelp || attempt === TRIES) throw new Error(`The embedding API: ${what}`);
    if (!(response instanceof Error)) await response.body?.cancel();
    const stated = response instanceof Error ? NaN : Number(response.headers.get('retry-after') ?? NaN);
    await sleep(Number.isNaN(stated) ? 500 * 2 ** (attempt - 1) * (0.5 + Math.random()) : 1000 * stated);
  }
}

function floats(base64) {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

async function* batches(path) {
  let batch = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line.trim() === '') continue;
    batch.push(JSON.parse(line));
    if (batch.length === BATCH) yield batch.splice(0);
  }
  if (batch.length > 0) yield batch;
}

/** In the order of the texts, whichever request is answered first. No more is asked for than UNDER_WAY batches ahead. */
async function* records(path) {
  const underWay = [];
  const first = async function* () {
    const { batch, vectors } = underWay.shift();
    for (const [i, values] of (await vectors).entries()) {
      const { id, text, namespace } = batch[i];
      yield { id, values, metadata: { text: text.slice(0, 2000) }, namespace };
    }
  };
  for await (const batch of batches(path)) {
    const vectors = embed(batch.map(({ text }) => text));
    vectors.catch(() => undefined); // told when its turn comes
    underWay.push({ batch, vectors });
    if (underWay.length === UNDER_WAY) yield* first();
  }
  while (underWay.length > 0) yield* first();
}

const [path = 'texts.jsonl', to = 'out/texts'] = process.argv.slice(2);
const { manifest } = await convertRecords(records(path), { to });
console.log(`${manifest.records} records of ${manifest.dimension} dimensions`);
