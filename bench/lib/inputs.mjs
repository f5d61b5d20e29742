import { readFileSync } from 'node:fs';
import { nearNormal } from './random.mjs';

/** Raised whenever the bytes that a kind makes change: files kept from an older version are made anew. */
export const INPUTS_VERSION = 3;

export const DIMENSION = 1536;
/** Non-zero entries of a sparse record. */
export const NON_ZEROS = 120;
/** Namespaces of the 1536-d and sparse inputs, in random order. */
export const NAMESPACES = 8;

const LANGUAGES = ['en', 'de', 'fr', 'es', 'ja', 'pt'];
const WORDS_FILE = new URL('../../examples/words-100d.jsonl', import.meta.url);

/**
 * An input of the benchmarks.
 *
 * @typedef {object} InputKind
 * @property {string} file name in bench/data
 * @property {string} text what it is, for the table
 * @property {'dense' | 'sparse'} vectors
 * @property {number} [dimension]
 * @property {string} [header] first line
 * @property {string} [gzipOf] the kind whose file this one is, compressed
 * @property {(bits: () => number, size: number) => (row: number) => { line: string, namespace: string }} [records]
 *   given random bits and the size aimed at in bytes, makes the record of each row, rows in order from 0
 */

/** @type {Record<string, InputKind>} */
export const INPUTS = {
  'jsonl-17': {
    file: 'vectors-17.jsonl',
    text: `JSONL, ${DIMENSION}-d, 17-digit floats`,
    vectors: 'dense',
    dimension: DIMENSION,
    records: (bits) => (row) => vectorLine(bits, row, digits17),
  },
  'jsonl-8': {
    file: 'vectors-8.jsonl',
    text: `JSONL, ${DIMENSION}-d, 8-digit floats`,
    vectors: 'dense',
    dimension: DIMENSION,
    records: (bits) => (row) => vectorLine(bits, row, digits8),
  },
  'jsonl-words': {
    file: 'words.jsonl',
    text: 'JSONL, real 100-d word vectors with metadata',
    vectors: 'dense',
    dimension: 100,
    records: () => {
      const words = readWords();
      return (row) => {
        const { namespace, values, metadata } = words[row % words.length];
        const vector = repeated(values, Math.floor(row / words.length));
        const line = `{"id":"w${row}","namespace":"${namespace}","values":${vector},"metadata":${metadata}}`;
        return { line, namespace };
      };
    },
  },
  'jsonl-sparse': {
    file: 'sparse.jsonl',
    text: `JSONL, sparse, ${NON_ZEROS} non-zeros`,
    vectors: 'sparse',
    records: (bits) => (row) => {
      const namespace = someNamespace(bits);
      const { indices, values } = sparseVector(bits);
      const line =
        `{"id":"v${row}","namespace":"${namespace}","sparse_values":{"indices":[${indices.join(',')}],` +
        `"values":[${values.join(',')}]},"metadata":${someMetadata(bits, row)}}`;
      return { line, namespace };
    },
  },
  'csv-1536': {
    file: 'vectors.csv',
    text: `CSV, ${DIMENSION}-d vector in one cell`,
    vectors: 'dense',
    dimension: DIMENSION,
    header: 'id,namespace,values,title,page,lang',
    records: (bits) => (row) => {
      const namespace = someNamespace(bits);
      const values = denseVector(bits, digits8);
      const { page, lang } = someFields(bits);
      return { line: `v${row},${namespace},"[${values}]",Document ${row},${page},${lang}`, namespace };
    },
  },
  'csv-words': {
    file: 'words.csv',
    text: 'CSV, real 100-d word vectors in one cell',
    vectors: 'dense',
    dimension: 100,
    header: 'id,namespace,values,word,rank,kind',
    records: () => {
      const words = readWords().map(({ namespace, values, metadata }) => {
        const { word, rank, kind } = JSON.parse(metadata);
        return { namespace, values, rest: `${csvCell(word)},${rank},${kind}` };
      });
      return (row) => {
        const { namespace, values, rest } = words[row % words.length];
        const vector = repeated(values, Math.floor(row / words.length));
        return { line: `w${row},${namespace},"${vector}",${rest}`, namespace };
      };
    },
  },
  'jsonl-17-gz': {
    file: 'vectors-17.jsonl.gz',
    text: `gzip of JSONL, ${DIMENSION}-d, 17-digit floats`,
    vectors: 'dense',
    dimension: DIMENSION,
    gzipOf: 'jsonl-17',
  },
  'jsonl-namespaces': {
    file: 'namespaces.jsonl',
    text: 'JSONL, 100-d word vectors, up to 10,000 namespaces in random order',
    vectors: 'dense',
    dimension: 100,
    records: (bits, size) => {
      const words = readWords();
      // Some 1,000 bytes a record; small inputs have fewer namespaces, so that each still holds several records.
      const namespaces = Math.max(2, Math.min(10_000, Math.floor(size / 1000 / 8)));
      return (row) => {
        const { values, metadata } = words[row % words.length];
        const namespace = `user-${String(bits() % namespaces).padStart(5, '0')}`;
        const vector = repeated(values, Math.floor(row / words.length));
        const line = `{"id":"w${row}","namespace":"${namespace}","values":${vector},"metadata":${metadata}}`;
        return { line, namespace };
      };
    },
  },
};

/** How ids of a kind begin; the rest is the row's number from 0. */
export const idPrefix = (kind) => (kind.includes('words') || kind.includes('namespaces') ? 'w' : 'v');

/** A float32 written as the float64 that holds it: 16 or 17 digits, as most embedding services send them. */
const digits17 = (value) => String(Math.fround(value));
/** The shortest of at most 8 digits, as numpy and pandas print a float32. */
const digits8 = (value) => String(Number(value.toPrecision(8)));

function denseVector(bits, digits) {
  const deviation = 1 / Math.sqrt(DIMENSION); // length about 1, as embeddings have it
  let text = digits(nearNormal(bits, deviation));
  for (let i = 1; i < DIMENSION; i++) text += ',' + digits(nearNormal(bits, deviation));
  return text;
}

function vectorLine(bits, row, digits) {
  const namespace = someNamespace(bits);
  const values = denseVector(bits, digits);
  const line = `{"id":"v${row}","namespace":"${namespace}","values":[${values}],"metadata":${someMetadata(bits, row)}}`;
  return { line, namespace };
}

/** Indices over the whole range of 32 bits (hashed tokens), ascending and distinct. */
function sparseVector(bits) {
  const chosen = new Set();
  while (chosen.size < NON_ZEROS) chosen.add(bits());
  const indices = [...chosen].sort((a, b) => a - b);
  const values = indices.map(() => digits8((bits() / 2 ** 32) * 3));
  return { indices, values };
}

const someNamespace = (bits) => `tenant-${bits() % NAMESPACES}`;

function someFields(bits) {
  return { page: bits() % 400, lang: LANGUAGES[bits() % LANGUAGES.length] };
}

function someMetadata(bits, row) {
  const { page, lang } = someFields(bits);
  return `{"title":"Document ${row}","page":${page},"lang":"${lang}"}`;
}

/**
 * The vector as it is, and in later passes with the number of the pass in its last number: two records of a namespace with one vector
 * would be refused, as by the service.
 */
function repeated(values, pass) {
  if (pass === 0) return values;
  return values.replace(/-?\d+\.(\d+)\]$/, (_, digits) => `-${100 + pass}.${digits}]`);
}

/** The real vectors as text: repeating them must not change how their numbers are written. */
function readWords() {
  return readFileSync(WORDS_FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { namespace, metadata } = JSON.parse(line);
      const values = /"values":(\[[^\]]*\])/.exec(line)[1];
      return { namespace, values, metadata: JSON.stringify(metadata) };
    });
}

const csvCell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
