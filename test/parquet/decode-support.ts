import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openParquet, type DecodeLimits, type RandomAccess } from '../../src/parquet/decode/index.js';
import type { RecordBatch } from '../../src/records/batch.js';
import { checkBatch } from '../../src/records/rules/check-batch.js';
import { bindColumns } from '../../src/validate/columns.js';
import { FindingLog } from '../../src/validate/findings.js';
import { readBatches } from '../../src/validate/read-batches.js';
import { findDimension } from '../../src/validate/validate-file.js';

/** Files that pyarrow and polars wrote, small ones of every shape. */
export const FIXTURES = fileURLToPath(new URL('../emulator/fixtures/', import.meta.url));

export function fixtures(): { name: string; bytes: Uint8Array }[] {
  return readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.parquet'))
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(FIXTURES, name))) }));
}

/** Bytes in memory as a file; a read outside of them is a fault of the caller and throws what it would on disk. */
export function memoryFile(bytes: Uint8Array): RandomAccess & { readonly reads: { start: number; end: number }[] } {
  const reads: { start: number; end: number }[] = [];
  return {
    source: 'memory.parquet',
    bytes: bytes.length,
    reads,
    async read(start, end) {
      if (!(start >= 0 && end >= start && end <= bytes.length)) throw new Error(`read of ${start} to ${end}`);
      reads.push({ start, end });
      // In two parts, as stores are free to give them.
      const middle = start + Math.floor((end - start) / 3);
      return [bytes.slice(start, middle), bytes.slice(middle, end)];
    },
  };
}

/** Footer, schema, every row and every rule, as `validate` does it. */
export async function readAll(
  bytes: Uint8Array,
  limits?: DecodeLimits,
): Promise<{ batches: RecordBatch[]; log: FindingLog }> {
  const log = new FindingLog();
  const file = await openParquet(memoryFile(bytes), limits);
  const columns = bindColumns(file, 'memory.parquet', undefined, log);
  const batches: RecordBatch[] = [];
  if (columns === undefined) return { batches, log };
  const dimension = (await findDimension({ file, columns })) ?? 0;
  for await (const batch of readBatches(file, columns, { dimension, namespace: 'ns', source: 'memory.parquet' })) {
    checkBatch(batch, dimension > 0 ? { dimension } : {});
    batches.push(batch);
  }
  return { batches, log };
}
