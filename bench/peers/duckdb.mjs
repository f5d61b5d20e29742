// DuckDB: one COPY … PARTITION_BY. Vectors as FLOAT[], metadata as JSON text, sparse indices as UINTEGER, as Pinecone wants
// them. Order need not be kept, which DuckDB is quicker without. Directories come out as `namespace=…`, which Pinecone would
// not read; renaming them would take no time worth measuring.
import { DuckDBInstance } from '@duckdb/node-api';
import { done, peerArguments } from './arguments.mjs';

const { input, out, kind, threads } = peerArguments();
const quote = (text) => `'${text.replaceAll("'", "''")}'`;

const JSONL = {
  dense: `SELECT id, "values", metadata::VARCHAR AS metadata, namespace FROM read_json(${quote(input)}, format = 'newline_delimited',
    columns = {id: 'VARCHAR', namespace: 'VARCHAR', "values": 'FLOAT[]', metadata: 'JSON'})`,
  sparse: `SELECT id, sparse_values, metadata::VARCHAR AS metadata, namespace FROM read_json(${quote(input)}, format = 'newline_delimited',
    columns = {id: 'VARCHAR', namespace: 'VARCHAR', sparse_values: 'STRUCT(indices UINTEGER[], "values" FLOAT[])', metadata: 'JSON'})`,
};
const csv = (fields) => `SELECT id, "values"::FLOAT[] AS "values",
    json_object(${fields.flatMap(([name]) => [`'${name}'`, name]).join(', ')})::VARCHAR AS metadata, namespace
  FROM read_csv(${quote(input)}, header = true, auto_detect = false, delim = ',', quote = '"', max_line_size = 16777216,
    columns = {id: 'VARCHAR', namespace: 'VARCHAR', "values": 'VARCHAR', ${fields.map(([name, type]) => `${name}: '${type}'`).join(', ')}})`;
const CSV = {
  'csv-1536': csv([
    ['title', 'VARCHAR'],
    ['page', 'INTEGER'],
    ['lang', 'VARCHAR'],
  ]),
  'csv-words': csv([
    ['word', 'VARCHAR'],
    ['rank', 'INTEGER'],
    ['kind', 'VARCHAR'],
  ]),
};
const select = CSV[kind] ?? (kind === 'jsonl-sparse' ? JSONL.sparse : JSONL.dense);

const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) });
const connection = await instance.connect();
await connection.run('SET preserve_insertion_order = false');
const started = performance.now();
const result = await connection.run(
  `COPY (${select}) TO ${quote(out)} (FORMAT parquet, COMPRESSION snappy, PARTITION_BY (namespace))`,
);
done(Number(result.rowsChanged), (performance.now() - started) / 1000);
