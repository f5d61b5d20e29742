import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { convertRecords } from '../../dist/index.js';
import { startAzurite, type Azurite } from '../support/azurite.js';
import { duckdb } from '../support/duckdb.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const exec = promisify(execFile);

/** Runs an example as a user would; `pineload` in it is this package, as built. */
async function example(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const script = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const { stdout } = await exec(process.execPath, [script, ...args], { env: { ...process.env, ...env } });
  return stdout;
}

describe('examples', () => {
  it('database-cursor.mjs writes a table, whatever its size', async () => {
    const database = temp('articles.duckdb');
    const instance = await DuckDBInstance.create(database);
    const connection = await instance.connect();
    await connection.run(`CREATE TABLE articles AS SELECT i AS id, CASE WHEN i = 3 THEN NULL ELSE 'title ' || i END AS title,
      2000 + i % 20 AS year, 'tenant-' || i % 3 AS tenant, [i + 1, 0.1, -i]::FLOAT[] AS embedding FROM range(5000) t(i)`);
    connection.closeSync();
    instance.closeSync();
    expect(await example('database-cursor.mjs', [database, temp('articles')])).toBe(
      '5000 records in 3 namespaces, 0 rejected\n',
    );
    const rows = await duckdb(
      `SELECT id, "values", metadata FROM '${temp('articles')}/tenant-0/*.parquet' WHERE id IN ('3', '6') ORDER BY id`,
    );
    expect(rows).toEqual([
      { id: '3', values: [4, Math.fround(0.1), -3], metadata: '{"year":2003}' },
      { id: '6', values: [7, Math.fround(0.1), -6], metadata: '{"title":"title 6","year":2006}' },
    ]);
  });

  it('embedding-api.mjs asks in batches, retries, and keeps the order', async () => {
    const count = 1000;
    const texts = Array.from({ length: count }, (_, i) => JSON.stringify({ id: `t${i}`, text: `text ${i}` }));
    await writeFile(temp('texts.jsonl'), texts.join('\n'));
    const api = await startEmbeddings();
    const out = await example('embedding-api.mjs', [temp('texts.jsonl'), temp('texts')], {
      EMBEDDINGS_URL: `${api.url}/v1`,
      EMBEDDINGS_KEY: 'test',
    });
    await api.stop();
    expect(out).toBe(`${count} records of 4 dimensions\n`);
    expect(api).toMatchObject({ answered: Math.ceil(count / 64), refused: 2 });
    expect(api.most).toBeGreaterThan(1);
    expect(api.most).toBeLessThanOrEqual(4);
    const rows = await duckdb(`SELECT id, "values", metadata FROM '${temp('texts')}/*/*.parquet'`);
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, i) => `t${i}`));
    expect(rows[70]).toEqual({ id: 't70', values: vectorOf('text 70'), metadata: '{"text":"text 70"}' });
  });

  it('hugging-face.mjs takes vectors and metadata from columns', async () => {
    // As of a data set of Wikipedia paragraphs with embeddings: int32 ids, float64 lists, several files.
    for (const part of [0, 1]) {
      await duckdb(`COPY (SELECT (i + 1000 * ${part})::INTEGER AS _id, 'Title ' || i AS title, 'Text "' || i || '"' AS text,
        'https://example.org/' || i AS url, i * 0.5 AS views, i % 7 AS paragraph_id, [i + 1 + 1000 * ${part}, 0.1, 1e-40]::DOUBLE[] AS emb
        FROM range(1000) t(i)) TO '${temp(`train-0000${part}-of-00002.parquet`)}' (FORMAT parquet, ROW_GROUP_SIZE 300)`);
    }
    const out = await example('hugging-face.mjs', [temp('train-*.parquet'), temp('wikipedia'), '7']);
    expect(out).toContain("left behind: [ 'paragraph_id' ]");
    expect(out).toContain('2000 records, ');
    const rows = await duckdb(
      `SELECT id, "values", metadata FROM '${temp('wikipedia')}/wikipedia-7/*.parquet' WHERE id IN ('5', '1999')`,
    );
    expect(rows).toEqual([
      {
        id: '5',
        values: [6, 0.1, 1e-40].map(Math.fround),
        metadata: '{"title":"Title 5","text":"Text \\"5\\"","url":"https://example.org/5","views":2.5}',
      },
      {
        id: '1999',
        values: [2000, 0.1, 1e-40].map(Math.fround),
        metadata: '{"title":"Title 999","text":"Text \\"999\\"","url":"https://example.org/999","views":499.5}',
      },
    ]);
  });
});

/** A vector that tells its text. */
function vectorOf(text: string): number[] {
  return [text.length, Number(text.split(' ')[1]), 0.1, -1].map(Math.fround);
}

/** Answers as OpenAI's embeddings endpoint does, out of order, and refuses two requests: one with 429, one with 503. */
async function startEmbeddings() {
  const state = { answered: 0, refused: 0, most: 0, url: '', stop: async () => {} };
  let underWay = 0;
  let asked = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (bytes: Buffer) => chunks.push(bytes));
    request.on('end', () => {
      const number = ++asked;
      if (number === 2 || number === 5) {
        state.refused++;
        response.writeHead(number === 2 ? 429 : 503, number === 2 ? { 'retry-after': '0' } : {}).end('{}');
        return;
      }
      state.most = Math.max(state.most, ++underWay);
      const { input, encoding_format: format } = JSON.parse(Buffer.concat(chunks).toString()) as {
        input: string[];
        encoding_format: string;
      };
      if (format !== 'base64' || input.length > 64) throw new Error('not as agreed');
      const data = input.map((text, index) => {
        const embedding = Buffer.from(Float32Array.from(vectorOf(text)).buffer).toString('base64');
        return { object: 'embedding', index, embedding };
      });
      setTimeout(
        () => {
          underWay--;
          state.answered++;
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify({ object: 'list', data: data.reverse() }));
        },
        number % 3 === 0 ? 60 : 10,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  state.stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return state;
}

describe('a store that is slow', () => {
  let azurite: Azurite | undefined;
  let slow: Awaited<ReturnType<typeof startSlowProxy>> | undefined;
  afterAll(async () => {
    await slow?.stop();
    await azurite?.stop();
  });

  it('holds back the generator: what is made and not yet stored stays small', async () => {
    azurite = await startAzurite();
    await azurite.createContainer('slow');
    slow = await startSlowProxy(Number(new URL(azurite.endpoint).port), 5_000_000);
    const dimension = 1536;
    const count = 6000;
    let made = 0;
    let lead = 0;
    async function* records() {
      for (let i = 0; i < count; i++) {
        const values = Float32Array.from({ length: dimension }, () => Math.random());
        made += values.byteLength;
        lead = Math.max(lead, made - slow!.passed);
        yield { id: `r${i}`, values };
      }
    }
    const before = process.env['AZURE_STORAGE_CONNECTION_STRING'];
    process.env['AZURE_STORAGE_CONNECTION_STRING'] = azurite.env.AZURE_STORAGE_CONNECTION_STRING.replace(
      /BlobEndpoint=[^;]*/,
      `BlobEndpoint=${slow.endpoint}/${azurite.account}`,
    );
    try {
      const { manifest } = await convertRecords(records(), {
        to: `${slow.endpoint}/${azurite.account}/slow/words`,
        maxMemory: '256MB',
        rowGroupSize: '2MB',
        fileSize: '6MB',
        parts: 2,
      });
      expect(manifest.records).toBe(count);
    } finally {
      if (before === undefined) delete process.env['AZURE_STORAGE_CONNECTION_STRING'];
      else process.env['AZURE_STORAGE_CONNECTION_STRING'] = before;
    }
    // 37 MB in all; without back-pressure nearly all of it would be ahead.
    expect(made).toBe(count * dimension * 4);
    expect(lead).toBeLessThan(25_000_000);
  }, 60_000);
});

/** A TCP proxy that lets requests through at so many bytes a second, all connections together. */
async function startSlowProxy(target: number, bytesPerSecond: number) {
  const sockets = new Set<Socket>();
  const state = { endpoint: '', passed: 0, stop: async () => {} };
  const started = performance.now();
  const server = createTcpServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.pipe(client);
    client.on('data', (bytes) => {
      state.passed += bytes.length;
      upstream.write(bytes);
      const due = (1000 * state.passed) / bytesPerSecond - (performance.now() - started);
      if (due <= 0) return;
      client.pause();
      setTimeout(() => client.resume(), due);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  state.stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return state;
}
