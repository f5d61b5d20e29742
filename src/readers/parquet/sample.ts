import { DecodeBudget, jsonType, openParquet, type SchemaNode } from '../../parquet/decode/index.js';
import type { OpenSourceOptions, Source } from '../../sources/source.js';
import { MAX_SAMPLE_RECORDS } from '../sample.js';
import { JsonOut } from './json-out.js';
import { RowTexts } from './row-texts.js';
import { sourceFile } from './source-file.js';

/** Text after which no further row is taken into a sample. */
const SAMPLE_BYTES = 1024 * 1024;

/**
 * The first rows as lines of JSON, all columns, for `resolveMapping`; undefined when the file has no row. What holds nothing is null.
 * So is a column of a type that no record can take; whoever asks for it is told later.
 * @throws PineloadError PARQUET_*, INPUT_UNREADABLE
 */
export async function sampleParquet(source: Source, options: OpenSourceOptions = {}): Promise<Uint8Array | undefined> {
  const input = sourceFile(source, options);
  const file = await openParquet(input);
  const group = file.metadata.rowGroups.findIndex(({ rows }) => rows > 0);
  if (group < 0) return undefined;
  const leaves = new Set(file.leaves.filter(isReadable));
  const texts = new RowTexts(file, group, { leaves, everyColumn: true }, new DecodeBudget(input.bytes, file.limits));
  const out = new JsonOut({ nonFinite: 'null' });
  const rows = Math.min(MAX_SAMPLE_RECORDS, file.metadata.rowGroups[group]!.rows);
  for (let row = 0; row < rows && out.length < SAMPLE_BYTES; row++) {
    await texts.ensure(1);
    texts.write(out);
  }
  return out.written;
}

function isReadable(leaf: SchemaNode): boolean {
  if (leaf.repetition > 1) return false;
  try {
    jsonType(leaf.element);
    return true;
  } catch {
    return false;
  }
}
