import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { apiKeyMissing, findApiKey } from '../../src/importer/api-key.js';
import { connect } from '../../src/importer/connect.js';
import { useTempDir } from '../support/temp-dir.js';
import { FAST, KEY, errorOf, scene } from './fixtures.js';

const dir = useTempDir();

describe('findApiKey', () => {
  it('takes the option, then its file, then the variable, then the file of the variable', async () => {
    const [a, b] = [dir('a.key'), dir('b.key')];
    await writeFile(a, 'from-file-a\n');
    await writeFile(b, '  from-file-b\r\n');
    const env = { PINECONE_API_KEY: ' from-env\n', PINECONE_API_KEY_FILE: b };
    expect(await findApiKey({ apiKey: 'from-option', apiKeyFile: a }, env)).toBe('from-option');
    expect(await findApiKey({ apiKeyFile: a }, env)).toBe('from-file-a');
    expect(await findApiKey({}, env)).toBe('from-env');
    expect(await findApiKey({}, { PINECONE_API_KEY: '', PINECONE_API_KEY_FILE: b })).toBe('from-file-b');
    expect(await findApiKey({}, {})).toBeUndefined();
  });

  it('says which file cannot be read or is empty', async () => {
    const empty = dir('empty.key');
    await writeFile(empty, '\n');
    expect(await errorOf(findApiKey({ apiKeyFile: dir('none.key') }, {}))).toMatchObject({
      code: 'API_KEY_MISSING',
      source: dir('none.key'),
      exitCode: 4,
    });
    expect(await errorOf(findApiKey({}, { PINECONE_API_KEY_FILE: empty }))).toMatchObject({
      code: 'API_KEY_MISSING',
      field: 'PINECONE_API_KEY_FILE',
    });
  });

  it.each(['two\nlines', 'with space', 'naïve-key', 'x'.repeat(5_000)])(
    'never repeats what cannot be a key: %j',
    async (key) => {
      const error = await errorOf(findApiKey({ apiKey: key }, {}));
      expect(error.code).toBe('OPTION_INVALID');
      expect(JSON.stringify(error)).not.toContain(key.slice(0, 8));
    },
  );

  it('tells every way to give one', () => {
    const { hint, exitCode } = apiKeyMissing();
    for (const way of ['PINECONE_API_KEY', 'PINECONE_API_KEY_FILE', '--api-key-file', 'apiKeyFile', 'emulator']) {
      expect(hint).toContain(way);
    }
    expect(exitCode).toBe(4);
  });
});

describe('connect', () => {
  const s = scene();
  const controlAnswer = () => ({
    name: 'words',
    host: s.service.url,
    dimension: 3,
    metric: 'cosine',
    vector_type: 'dense',
    status: { ready: true, state: 'Ready' },
    spec: { serverless: { cloud: 'aws', region: 'us-east-1' } },
  });

  it('looks an index up by name and keeps what it was told', async () => {
    s.service.answers.set('index', [controlAnswer()]);
    const options = { indexName: 'words', controlPlane: s.service.url, apiKey: KEY };
    const client = await connect(options, { env: {}, timing: FAST });
    expect(client).toMatchObject({ index: 'words', host: s.service.url, loopback: true });
    expect(client.indexModel).toMatchObject({ dimension: 3, cloud: 'aws', serverless: true, ready: true });
    await client.indexStats();
    expect(s.service.requests.map(({ route }) => route)).toEqual(['index', 'stats']);
  });

  it('takes a host without any call, and no key on loopback', async () => {
    const client = await connect({ indexHost: s.service.url }, { env: {}, timing: FAST });
    expect(s.service.requests).toHaveLength(0);
    expect(client.index).toBe(s.service.url);
    await client.indexStats();
    expect(s.service.requests[0]?.headers['api-key']).toBe('pineload-emulator');
  });

  it('asks for a key before any call elsewhere', async () => {
    for (const options of [{ indexName: 'words' }, { indexHost: 'words.svc.pinecone.io' }]) {
      expect(await errorOf(connect(options, { env: {} }))).toMatchObject({ code: 'API_KEY_MISSING' });
    }
  });

  it('says that an index is not there', async () => {
    s.service.faults.set('index', [
      {
        kind: 'status',
        status: 404,
        body: '{"status":404,"error":{"code":"NOT_FOUND","message":"Resource nope not found"}}',
      },
    ]);
    const error = await errorOf(connect({ indexName: 'nope', controlPlane: s.service.url }, { env: {}, timing: FAST }));
    expect(error).toMatchObject({ code: 'API_NOT_FOUND', field: 'indexName', exitCode: 4 });
    expect(error.hint).toContain('API key');
  });

  it('wants an index', async () => {
    expect(await errorOf(connect({ apiKey: KEY }, { env: {} }))).toMatchObject({ code: 'OPTION_INVALID' });
  });
});
