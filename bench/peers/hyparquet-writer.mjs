// hyparquet-writer behind readline and JSON.parse: columns gathered per namespace, a row group each time they are full.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { done, peerArguments } from './arguments.mjs';
import { jsonLines } from './json-lines.mjs';

/** Rows that a namespace gathers before they are written: 12 MB of floats at 1536 dimensions. */
const ROW_GROUP_ROWS = 2000;

const { input, out, rows: limit } = peerArguments();
const element = (name, more) => ({ name, repetition_type: 'OPTIONAL', ...more });
const schema = [
  { name: 'root', num_children: 3 },
  element('id', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }),
  element('values', { converted_type: 'LIST', num_children: 1 }),
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  element('element', { type: 'FLOAT' }),
  element('metadata', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }),
];

class Partition {
  ids = [];
  values = [];
  metadata = [];

  constructor(namespace) {
    mkdirSync(join(out, namespace), { recursive: true });
    const writer = fileWriter(join(out, namespace, 'part-0.parquet'));
    this.file = new ParquetWriter({ writer, schema, statistics: false });
  }

  async add(record) {
    this.ids.push(record.id);
    this.values.push(record.values);
    this.metadata.push(JSON.stringify(record.metadata));
    if (this.ids.length === ROW_GROUP_ROWS) await this.flush();
  }

  async flush() {
    if (this.ids.length === 0) return;
    await this.file.write({
      // Floats hardly repeat: without PLAIN the writer would look for a dictionary first.
      columnData: [
        { name: 'id', data: this.ids },
        { name: 'values', data: this.values, encoding: 'PLAIN', codec: 'UNCOMPRESSED' },
        { name: 'metadata', data: this.metadata },
      ],
      rowGroupSize: ROW_GROUP_ROWS,
    });
    this.ids = [];
    this.values = [];
    this.metadata = [];
  }

  async close() {
    await this.flush();
    await this.file.finish();
  }
}

const started = performance.now();
const partitions = new Map();
let rows = 0;
for await (const record of jsonLines(input, limit)) {
  let partition = partitions.get(record.namespace);
  if (!partition) partitions.set(record.namespace, (partition = new Partition(record.namespace)));
  await partition.add(record);
  rows++;
}
for (const partition of partitions.values()) await partition.close();
done(rows, (performance.now() - started) / 1000);
