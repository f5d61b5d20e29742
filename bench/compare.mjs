#!/usr/bin/env node
// Compares two outputs with DuckDB, an independent reader: records of each namespace against what the input holds, and on a
// sample of ids every float32 bit for bit, and the metadata as JSON. Prints one JSON line.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';

/** How an output names its namespaces: `<ns>/…`, `namespace=<ns>/…`, or in a column of one file. */
const LAYOUTS = {
  directories: `regexp_extract(replace(filename, '\\', '/'), '([^/]+)/[^/]+$', 1)`,
  hive: `regexp_extract(replace(filename, '\\', '/'), 'namespace=([^/]+)/[^/]+$', 1)`,
  column: 'namespace',
};

/**
 * The job, from the JSON file named as the only argument.
 *
 * @typedef {object} Job
 * @property {string} ours directory that pineload wrote
 * @property {string} [theirs] directory of the other tool; none: ours is only held against the counts
 * @property {keyof typeof LAYOUTS} [layout] of theirs
 * @property {'dense' | 'sparse'} vectors
 * @property {Record<string, number>} counts records of each namespace; empty where a part of the input was converted
 * @property {string[]} ids the records compared
 */

/** @type {Job} */
const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
const rowsOf = async (sql) => (await connection.runAndReadAll(sql)).getRowsJson();
const text = (value) => `'${value.replaceAll("'", "''")}'`;

function files(dir) {
  if (!existsSync(dir)) throw new Error(`${dir} is not there`);
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'))
    .map((entry) => join(entry.parentPath, entry.name));
}

const table = (dir) =>
  `read_parquet([${files(dir).map(text).join(', ')}], filename = true, hive_partitioning = false, union_by_name = true)`;

async function counts(dir, layout) {
  const rows = await rowsOf(`SELECT ${LAYOUTS[layout]} AS ns, count(*)::INTEGER FROM ${table(dir)} GROUP BY ns`);
  return Object.fromEntries(rows);
}

/** A vector as text: the shortest that reads back as the same float32, so equal text is equal bits, also of -0. */
const bits = (column) => `md5(array_to_string(list_transform(${column}, lambda x: x::VARCHAR), ','))`;

async function sample(dir, layout, ids) {
  const vector =
    job.vectors === 'sparse'
      ? `${bits('sparse_values.indices')} || ${bits('sparse_values."values"')}`
      : `${bits('"values"')} || length("values")`;
  const rows = await rowsOf(
    `SELECT id, ${vector}, metadata, ${LAYOUTS[layout]} FROM ${table(dir)} WHERE id IN (${ids.map(text).join(', ')})`,
  );
  return new Map(
    rows.map(([id, vectorBits, metadata, namespace]) => [
      id,
      { vectorBits, metadata: JSON.parse(metadata), namespace },
    ]),
  );
}

const problems = [];
const { counts: expected, ids } = job;
const sides = [
  ['pineload', job.ours, 'directories'],
  ['the other', job.theirs, job.layout],
].filter(([, dir]) => dir !== undefined);

if (Object.keys(expected).length > 0) {
  for (const [who, dir, layout] of sides) {
    const found = await counts(dir, layout);
    const wrong = Object.keys({ ...expected, ...found }).filter((ns) => expected[ns] !== found[ns]);
    if (wrong.length > 0) {
      const first = wrong[0];
      problems.push(
        `${who}: ${wrong.length} namespaces with other counts (${first}: ${found[first]}, not ${expected[first]})`,
      );
    }
  }
}
const [ours, theirs] = await Promise.all(sides.map(([, dir, layout]) => sample(dir, layout, ids)));
const absent = ids.filter((id) => !ours.has(id) || (theirs && !theirs.has(id)));
if (absent.length > 0) problems.push(`${absent.length} of ${ids.length} sampled ids are missing (${absent[0]})`);
if (theirs) {
  for (const field of ['vectorBits', 'metadata', 'namespace']) {
    const differing = ids.filter(
      (id) => ours.has(id) && theirs.has(id) && !isDeepStrictEqual(ours.get(id)[field], theirs.get(id)[field]),
    );
    if (differing.length > 0)
      problems.push(`${field} of ${differing.length} of ${ids.length} sampled records differ (${differing[0]})`);
  }
}
process.stdout.write(`${JSON.stringify({ sampled: ids.length, problems })}\n`);
