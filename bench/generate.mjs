#!/usr/bin/env node
// Makes the inputs of the benchmarks: the same kind, size and seed give the same bytes on every machine. Rows are written
// as they are made, so that memory does not depend on the size.
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
  writeSync,
} from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { readFacts } from './lib/facts.mjs';
import { INPUTS, INPUTS_VERSION } from './lib/inputs.mjs';
import { randomBits } from './lib/random.mjs';
import { parseSize, showSize } from './lib/sizes.mjs';

export const DATA_DIR = fileURLToPath(new URL('data/', import.meta.url));
/** Seed of all inputs unless told otherwise. */
export const DEFAULT_SEED = 1;

const WRITE_BYTES = 1 << 20;

/**
 * What is known of an input; kept beside it as `<file>.facts.json`.
 *
 * @typedef {object} InputFacts
 * @property {number} version
 * @property {string} kind
 * @property {number} seed
 * @property {number} size bytes aimed at
 * @property {string} path
 * @property {number} bytes of the file
 * @property {number} textBytes of its text, uncompressed
 * @property {number} rows
 * @property {Record<string, number>} namespaces records of each
 */

/**
 * Makes an input, or finds the one made before.
 *
 * @param {string} kind a key of INPUTS
 * @param {{ size: number, seed?: number, dir?: string }} options size in bytes of text, reached with the last whole record
 * @returns {Promise<InputFacts>}
 */
export async function generate(kind, { size, seed = DEFAULT_SEED, dir = DATA_DIR }) {
  const input = INPUTS[kind];
  if (!input) throw new Error(`No such input: ${JSON.stringify(kind)}. There are ${Object.keys(INPUTS).join(', ')}.`);
  const path = inputPath(kind, { size, dir });
  const known = knownFacts(path, { kind, seed, size });
  if (known) return known;
  mkdirSync(dirname(path), { recursive: true });
  await rm(factsPath(path), { force: true });
  const made = input.gzipOf
    ? await compress(input.gzipOf, path, { size, seed, dir })
    : writeRecords(input, path, size, seed);
  const facts = { version: INPUTS_VERSION, kind, seed, size, path, bytes: statSync(path).size, ...made };
  await writeFile(factsPath(path), JSON.stringify(facts));
  return facts;
}

/**
 * Where an input lies.
 *
 * @param {string} kind a key of INPUTS
 * @param {{ size: number, dir?: string }} options
 */
export function inputPath(kind, { size, dir = DATA_DIR }) {
  return join(dir, String(size), INPUTS[kind].file);
}

const factsPath = (path) => `${path}.facts.json`;

function knownFacts(path, { kind, seed, size }) {
  const facts = existsSync(path) ? readFacts(factsPath(path)) : undefined;
  if (facts === undefined) return undefined;
  const same = facts.version === INPUTS_VERSION && facts.kind === kind && facts.seed === seed && facts.size === size;
  return same && facts.bytes === statSync(path).size ? { ...facts, path } : undefined;
}

function writeRecords(input, path, size, seed) {
  const record = input.records(randomBits(seed), size);
  const namespaces = {};
  const fd = openSync(path, 'w');
  let pending = input.header === undefined ? '' : `${input.header}\n`;
  let textBytes = 0;
  let rows = 0;
  const flush = () => {
    const bytes = Buffer.from(pending, 'utf8');
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    textBytes += bytes.length;
    pending = '';
  };
  try {
    // Records are ASCII but for a few words, so that text length tells when to stop; the count in bytes is exact.
    while (textBytes + pending.length < size) {
      const { line, namespace } = record(rows++);
      namespaces[namespace] = (namespaces[namespace] ?? 0) + 1;
      pending += line + '\n';
      if (pending.length >= WRITE_BYTES) flush();
    }
    flush();
  } finally {
    closeSync(fd);
  }
  return { textBytes, rows, namespaces };
}

async function compress(plainKind, path, options) {
  const plain = await generate(plainKind, options);
  await pipeline(createReadStream(plain.path), createGzip(), createWriteStream(path));
  return { textBytes: plain.textBytes, rows: plain.rows, namespaces: plain.namespaces };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: 'string', default: '128MB' },
      seed: { type: 'string', default: String(DEFAULT_SEED) },
      dir: { type: 'string', default: DATA_DIR },
    },
  });
  for (const kind of positionals.length > 0 ? positionals : Object.keys(INPUTS)) {
    const facts = await generate(kind, { size: parseSize(values.size), seed: Number(values.seed), dir: values.dir });
    console.log(`${facts.path}: ${facts.rows} records, ${showSize(facts.bytes)}, ${INPUTS[kind].text}`);
  }
}
