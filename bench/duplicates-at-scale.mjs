#!/usr/bin/env node
// How finding duplicates grows: fingerprints of many small records are noted split by split, as convert notes them, then merged, as the
// commit merges them. No text is read and no Parquet written, so what is measured is what looking for duplicates adds.
//
//     node bench/duplicates-at-scale.mjs [--records 10e6] [--splits 10] [--dimension 8] [--memory 64e6] [--twice 1000]
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ALL_BUCKETS, FingerprintFile } from '../dist/duplicates/fingerprint-file.js';
import { fingerprintsKey } from '../dist/duplicates/fingerprint-format.js';
import { FingerprintRecorder } from '../dist/duplicates/fingerprint-recorder.js';
import { findDuplicates } from '../dist/duplicates/find-duplicates.js';
import { mergeSplits } from '../dist/duplicates/merge-splits.js';
import { fingerprintBatch } from '../dist/records/fingerprint/fingerprints.js';
import { openStore } from '../dist/uploaders/open-store.js';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '10e6' },
    splits: { type: 'string', default: '10' },
    dimension: { type: 'string', default: '8' },
    memory: { type: 'string', default: '64e6' },
    twice: { type: 'string', default: '1000' },
  },
});
const [records, splits, dimension, memoryBytes, twice] = Object.values(values).map(Number);
const perSplit = Math.ceil(records / splits);
const BATCH_ROWS = 2048;
const directory = mkdtempSync(join(tmpdir(), 'pineload-bench-'));

/** Records `from … to` of all: every id and vector once, but that the last ones have the ids of the first. */
function batchOf(from, to) {
  const rows = to - from;
  const bytes = new Uint8Array(16 * rows);
  const offsets = Uint32Array.from({ length: rows + 1 }, (_, i) => 16 * i);
  const values = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    const number = from + row;
    const id = number >= records - twice ? number - (records - twice) : number;
    for (let digit = 15, rest = id; digit >= 0; digit--, rest = Math.floor(rest / 10)) {
      bytes[16 * row + digit] = 48 + (rest % 10);
    }
    for (let i = 0; i < dimension; i++) values[row * dimension + i] = number * (i + 1) + 0.5 * i;
    // float32 holds whole numbers up to 2^24: the rest of the number goes into the first place.
    values[row * dimension] = number % 4096;
    values[row * dimension + 1] = Math.floor(number / 4096);
  }
  return {
    rows,
    dimension,
    ids: { bytes, offsets },
    values,
    namespaces: { dictionary: ['n'], codes: new Uint32Array(rows) },
    origin: {
      source: 'x',
      lines: Float64Array.from({ length: rows }, (_, i) => from + i + 1),
      byteOffsets: Float64Array.from({ length: rows }, (_, i) => 100 * (from + i)),
    },
    rejected: new Uint8Array(rows),
    rejects: [],
  };
}

let began = [0, process.cpuUsage(), performance.now()];
const lap = (what) => {
  const [, cpu, wall] = began;
  const { user, system } = process.cpuUsage(cpu);
  const seconds = ((user + system) / 1e6).toFixed(1);
  const each = (((user + system) * 1e3) / records).toFixed(0);
  const rss = (process.memoryUsage().rss / 1e6).toFixed(0);
  const peak = (process.resourceUsage().maxRSS / 1e3).toFixed(0);
  const took = ((performance.now() - wall) / 1e3).toFixed(1);
  console.log(
    `${what.padEnd(28)} ${seconds.padStart(7)} s CPU  ${took.padStart(7)} s  ${each.padStart(5)} ns a record  ${rss} MB, peak ${peak} MB`,
  );
  began = [0, process.cpuUsage(), performance.now()];
};

try {
  const store = await openStore(directory);
  let made = 0;
  for (let split = 0; split < splits; split++) {
    for (let from = split * perSplit; from < Math.min(records, (split + 1) * perSplit); from += BATCH_ROWS) {
      made += batchOf(from, Math.min(records, from + BATCH_ROWS, (split + 1) * perSplit)).rows;
    }
  }
  lap(`made ${made} records (not counted)`);
  const files = [];
  for (let split = 0; split < splits; split++) {
    const recorder = new FingerprintRecorder({ directory });
    for (let from = split * perSplit; from < Math.min(records, (split + 1) * perSplit); from += BATCH_ROWS) {
      const batch = batchOf(from, Math.min(records, from + BATCH_ROWS, (split + 1) * perSplit));
      await recorder.add({ ...batch, fingerprints: fingerprintBatch(batch) });
    }
    await recorder.writeTo(store, fingerprintsKey(split));
    await recorder.close();
    files.push({ unit: split, file: await FingerprintFile.open(store, fingerprintsKey(split)) });
  }
  lap('made and noted');
  let bytes = 0;
  for (const name of readdirSync(directory, { recursive: true })) bytes += statSync(join(directory, name)).size;
  let read = 0;
  const found = await findDuplicates(
    (kind) => mergeSplits(files, kind, ALL_BUCKETS, memoryBytes / 2),
    async (kind, unit, rows) => {
      read += rows.length;
      const digests = rows.map((row) => {
        const number = unit * perSplit + row;
        const same = kind === 'ids' && number >= records - twice ? number - (records - twice) : number;
        return createHash('sha256').update(`${same}`).digest();
      });
      return Buffer.concat(digests);
    },
    { keep: 'first', memoryBytes: memoryBytes / 2, directory },
  );
  lap('merged and compared');
  console.log(
    `${records} records in ${splits} splits: ${found.ids} repeated ids and ${found.vectors} identical vectors found, ` +
      `${read} records read back, ${(bytes / 1e6).toFixed(0)} MB of state`,
  );
  if (found.ids !== twice || found.vectors !== 0) process.exitCode = 1;
  await found.records.close();
  await store.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
