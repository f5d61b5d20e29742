// DuckDB, asked what validate looks for in dense vectors: lengths, numbers that are not finite, vectors of zeros, empty or long
// ids, metadata that is no JSON, and, with --rows 1, repeated ids and identical vectors within a namespace.
import { DuckDBInstance } from '@duckdb/node-api';
import { join } from 'node:path';
import { done, peerArguments } from './arguments.mjs';

const { input, threads, rows: duplicates } = peerArguments();
const files = `'${join(input, '*', '*.parquet').replaceAll("'", "''")}'`;
const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) });
const connection = await instance.connect();
const started = performance.now();
const counts = await connection.runAndReadAll(`SELECT count(*),
    count(*) FILTER (id IS NULL OR length(id) NOT BETWEEN 1 AND 512),
    count(DISTINCT len("values")),
    count(*) FILTER (NOT isfinite(list_sum("values")) OR (list_min("values") = 0 AND list_max("values") = 0)),
    count(*) FILTER (NOT json_valid(metadata) OR strlen(metadata) > 40960)
  FROM read_parquet(${files})`);
const [total, ...wrong] = counts.getRows()[0].map(Number);
if (wrong[1] !== 1 || wrong[0] + wrong[2] + wrong[3] !== 0) throw new Error(`found ${wrong}`);
if (duplicates) {
  for (const column of ['id', 'hash("values")']) {
    const found = await connection.runAndReadAll(`SELECT count(*) FROM (SELECT 1
      FROM read_parquet(${files}, filename = true) GROUP BY parse_dirname(filename), ${column} HAVING count(*) > 1)`);
    if (Number(found.getRows()[0][0]) !== 0) throw new Error('found duplicates');
  }
}
done(total, (performance.now() - started) / 1000);
