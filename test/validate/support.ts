import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { validate, type ValidateOptions } from '../../src/pipeline/validate.js';
import type { ValidateReport } from '../../src/validate/report.js';
import { duckdb } from '../support/duckdb.js';

/** Writes what a SELECT gives as Parquet with DuckDB, which is not our writer. */
export async function writeParquet(path: string, select: string, options = ''): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await duckdb(`COPY (${select}) TO '${path}' (FORMAT parquet${options === '' ? '' : `, ${options}`})`);
}

/** Rows of a dense import: ids r0, r1, …; vectors of three numbers. */
export const DENSE = (
  rows: number,
  id = `'r' || i`,
  values = `[i + 1, 0.5, -i]::FLOAT[]`,
  metadata = `'{"n":' || i || '}'`,
): string => `SELECT ${id} AS id, ${values} AS "values", ${metadata} AS metadata FROM range(${rows}) t(i)`;

export async function report(uri: string, options: Partial<ValidateOptions> = {}): Promise<ValidateReport> {
  // What DENSE and its like make for other rules may hold the same vector twice.
  return (await validate({ uri, duplicates: 'allow', ...options })).report;
}

/** Codes and how often each was found. */
export function counted({ counts }: ValidateReport): Record<string, number> {
  return Object.fromEntries(counts.map(({ code, count }) => [code, count]));
}
