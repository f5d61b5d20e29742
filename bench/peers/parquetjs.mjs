// @dsnp/parquetjs through its row path: readline, JSON.parse, appendRow; one writer per namespace. Three-level lists and data
// page v1, since its other shapes are refused by some readers.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ParquetFieldBuilder, ParquetSchema, ParquetWriter } from '@dsnp/parquetjs';
import { done, peerArguments } from './arguments.mjs';
import { jsonLines } from './json-lines.mjs';

const { input, out, rows: limit } = peerArguments();
const schema = new ParquetSchema({
  id: { type: 'UTF8', optional: true, statistics: false },
  values: ParquetFieldBuilder.createListField('FLOAT'),
  metadata: { type: 'UTF8', optional: true, statistics: false },
});

const started = performance.now();
const writers = new Map();
let rows = 0;
for await (const record of jsonLines(input, limit)) {
  let writer = writers.get(record.namespace);
  if (!writer) {
    mkdirSync(join(out, record.namespace), { recursive: true });
    const file = join(out, record.namespace, 'part-0.parquet');
    writer = await ParquetWriter.openFile(schema, file, { useDataPageV2: false, pageIndex: false });
    // Past 10,922 rows of 1536 floats in a row group its set of distinct values overflows; smaller ones also take less memory.
    writer.setRowGroupSize(1000);
    writers.set(record.namespace, writer);
  }
  await writer.appendRow({
    id: record.id,
    values: { list: record.values.map((element) => ({ element })) },
    metadata: JSON.stringify(record.metadata),
  });
  rows++;
}
for (const writer of writers.values()) await writer.close();
done(rows, (performance.now() - started) / 1000);
