// Records from a database cursor: rows come as they are asked for, so a table of any size takes no more memory than a small one.
//
//     node database-cursor.mjs articles.duckdb out/articles
//
// Here the database is DuckDB (`npm install pineload @duckdb/node-api`). With Postgres only `rows` differs:
//
//     const cursor = client.query(new Cursor('SELECT … ORDER BY id'));              // pg, pg-cursor
//     for (let rows; (rows = await cursor.read(1000)).length > 0; ) yield* rows;    // pgvector: embedding::real[]
//
// ORDER BY makes a repeated run write the same files, byte for byte.
import { DuckDBInstance } from '@duckdb/node-api';
import { convertRecords } from 'pineload';

const [database = 'articles.duckdb', to = 'out/articles'] = process.argv.slice(2);

async function* rows(connection) {
  const cursor = await connection.stream('SELECT id, title, year, tenant, embedding FROM articles ORDER BY id');
  for await (const some of cursor.yieldRowObjectJs()) yield* some;
}

async function* records(connection) {
  for await (const { id, title, year, tenant, embedding } of rows(connection)) {
    // NULL: the field is left out, since Pinecone takes no null. BIGINT: the driver's is no number of JSON.
    const metadata = { title: title ?? undefined, year: year === null ? undefined : Number(year) };
    yield { id: String(id), values: embedding, metadata, namespace: tenant };
  }
}

const instance = await DuckDBInstance.create(database, { access_mode: 'READ_ONLY' });
const connection = await instance.connect();
try {
  const { manifest } = await convertRecords(records(connection), { to, onError: 'skip', maxRejects: '1%' });
  console.log(`${manifest.records} records in ${manifest.namespaces.length} namespaces, ${manifest.rejected} rejected`);
} finally {
  connection.closeSync();
  instance.closeSync();
}
