#!/usr/bin/env node
// npm run bench: measures the built CLI, and its peers on the same input by turns. See README.md in this folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DATA_DIR, DEFAULT_SEED, generate, inputPath } from './generate.mjs';
import { CASES } from './cases/index.mjs';
import { INPUTS } from './lib/inputs.mjs';
import { describeMachine, loadWarning, machineLine, peerVersions } from './lib/machine.mjs';
import { renderPicture } from './lib/picture.mjs';
import { parseSize, showSize } from './lib/sizes.mjs';
import { renderTable } from './lib/table.mjs';

// Where it is set, every start of Node takes a tenth of a second longer, that of pineload and of the peers alike.
delete process.env.NODE_EXTRA_CA_CERTS;

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const HERE = fileURLToPath(new URL('./', import.meta.url));
const RESULTS_DIR = join(HERE, 'results');

/** Size of each input: enough that starting a process does not decide, small enough for some minutes. */
const DEFAULT_SIZE = '128MB';
const DEFAULT_ROUNDS = 3;
const DEFAULT_OBJECTS = 10_000;
const QUICK = { size: '8MB', rounds: 1, objects: 1_000, uploadSize: '16MB', smallFiles: '200' };
/** Of uploads, which send files as they are. The full run: 10 GB, and 10,000 small files. */
const DEFAULT_UPLOAD = { uploadSize: '1GB', uploadFiles: '100', smallFiles: '1000' };
/** The size from which the aims of the table hold. */
const FULL_SIZE = 2e9;
const DEFAULT_THREADS = 2;

const HELP = `Usage: npm run bench -- [options]

  --size SIZE       of each input, as text (default: ${DEFAULT_SIZE}; the full run: 2GB)
  --rounds N        turns of each tool; the median counts (default: ${DEFAULT_ROUNDS})
  --quick           ${QUICK.size} and one round: under a minute, and only good to see that all works
  --objects N       inputs of the plan, files of the commit (default: ${DEFAULT_OBJECTS}; the full run: 100000)
  --only NAMES      some cases: ${CASES.map(({ name }) => name).join(', ')}
  --upload-size SIZE  of all files of an upload to S3 (default: ${DEFAULT_UPLOAD.uploadSize}; the full run: 10GB)
  --upload-files N  so many files they are in (default: ${DEFAULT_UPLOAD.uploadFiles})
  --small-files N   of an upload of small files (default: ${DEFAULT_UPLOAD.smallFiles}; the full run: 10000)
  --store-dir DIR   where MinIO keeps its data (default: the system's for temporary files)
  --threads N       of DuckDB and polars, and of pineload where it has workers (default: ${DEFAULT_THREADS})
  --no-peers        pineload alone; nothing is installed
  --no-build        measure dist/ as it is
  --keep            leave the inputs in bench/data for the next run
  --help`;

const { values: options } = parseArgs({
  options: {
    size: { type: 'string' },
    rounds: { type: 'string' },
    objects: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    'upload-size': { type: 'string' },
    'upload-files': { type: 'string' },
    'small-files': { type: 'string' },
    'store-dir': { type: 'string' },
    threads: { type: 'string', default: String(DEFAULT_THREADS) },
    'no-peers': { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const say = (text) => process.stderr.write(`${text}\n`);
const size = parseSize(options.size ?? (options.quick ? QUICK.size : DEFAULT_SIZE));
const rounds = count('rounds', options.rounds ?? (options.quick ? QUICK.rounds : DEFAULT_ROUNDS));
const objects = count('objects', options.objects ?? (options.quick ? QUICK.objects : DEFAULT_OBJECTS));
const threads = count('threads', options.threads);
const uploads = { ...DEFAULT_UPLOAD, ...(options.quick ? QUICK : {}) };
const upload = {
  bytes: parseSize(options['upload-size'] ?? uploads.uploadSize),
  files: count('upload-files', options['upload-files'] ?? uploads.uploadFiles),
  smallFiles: count('small-files', options['small-files'] ?? uploads.smallFiles),
  storeDir: options['store-dir'],
};
const cases = chosenCases(options.only);
const peers = !options['no-peers'];

// Before the build, whose load is our own.
const machine = describeMachine();
if (!options['no-build']) npm(['run', '--silent', 'build'], ROOT);
if (peers && !installed()) {
  say('Installing the peers in bench/ (once) …');
  npm(['ci', '--no-audit', '--no-fund'], HERE);
}

const scratch = join(DATA_DIR, `run-${process.pid}`);
const made = new Map();
/** Paths of inputs, from before they are made: a run that is stopped meanwhile removes them too. */
const begun = new Set();
const notes = new Set();
const clean = () => {
  rmSync(scratch, { recursive: true, force: true });
  if (options.keep) return;
  for (const path of begun) {
    for (const end of ['', '.facts.json']) rmSync(path + end, { force: true });
    removeIfEmpty(dirname(path));
  }
};
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, () => {
    clean();
    process.exit(code);
  });
}

const rows = [];
const startedAt = new Date();
try {
  for (const each of cases) {
    try {
      rows.push(
        ...(await each.run(
          {
            size,
            rounds,
            threads,
            objects,
            peers,
            upload,
            quick: options.quick,
            keep: options.keep,
            input,
            say,
            note,
            ...directories(each.name),
          },
          each,
        )),
      );
    } catch (error) {
      rows.push({ case: each.name, title: each.title, tool: 'pineload', reference: true, failed: error.message });
      say(`${each.name}: ${error.message}`);
    }
    rmSync(scratch, { recursive: true, force: true });
  }
} finally {
  clean();
}
report();

/** An input, made when it is first asked for. */
async function input(kind, bytes = size) {
  const key = `${kind} ${bytes}`;
  if (!made.has(key)) {
    say(`Making ${kind}, ${showSize(bytes)} …`);
    // What is compressed lies beside it as plain text.
    const { gzipOf } = INPUTS[kind];
    for (const each of gzipOf === undefined ? [kind] : [gzipOf, kind]) {
      begun.add(inputPath(each, { size: bytes }));
      made.set(`${each} ${bytes}`, await generate(each, { size: bytes, seed: DEFAULT_SEED }));
    }
  }
  return made.get(key);
}

function directories(name) {
  const keepDir = join(scratch, 'kept', name);
  mkdirSync(keepDir, { recursive: true });
  return { workDir: join(scratch, 'rounds', name), keepDir };
}

function removeIfEmpty(dir) {
  if (existsSync(dir) && readdirSync(dir).length === 0) rmdirSync(dir);
}

function note(text) {
  notes.add(text);
}

function report() {
  for (const row of rows) if (row.note && !row.failed) notes.add(row.note);
  const versions = peers ? peerVersions() : {};
  const inputs = [...made.values()].map(({ kind, seed, bytes, textBytes, rows: records, namespaces }) => ({
    ...{ kind, seed, bytes, textBytes, records },
    namespaces: Object.keys(namespaces).length,
  }));
  const footer = [
    `${showSize(size)} of text for each input, median of ${rounds} round${rounds === 1 ? '' : 's'}, page cache warm.`,
    machineLine(machine),
    ...(loadWarning(machine) ? [loadWarning(machine)] : []),
    ...(peers
      ? [
          Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(', '),
        ]
      : []),
    '"pineload is": its speed over that of the tool on this line, a ratio of medians within this run.',
    ...(size < FULL_SIZE ? [`The aims are for inputs of ${showSize(FULL_SIZE)} or more (--size 2GB).`] : []),
    ...(rows.some(({ scaledFrom }) => scaledFrom) ? ['* scaled from a part of the input.'] : []),
    ...notes,
  ];
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  console.log(`\n${renderTable(rows)}\n`);
  for (const { case: name, tool, failed } of rows) if (failed) console.log(`failed: ${name}, ${tool}: ${failed}`);
  console.log(footer.join('\n'));
  const results = {
    pineload: version,
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    ...{ size, rounds, threads, objects, upload, machine, peers: versions, inputs, notes: [...notes], results: rows },
  };
  mkdirSync(RESULTS_DIR, { recursive: true });
  const stamp = startedAt.toISOString().replace(/[:.]/g, '-');
  const picture = renderPicture(rows, { title: `pineload ${version}: how fast it is`, footer });
  for (const name of [stamp, 'latest']) {
    writeFileSync(join(RESULTS_DIR, `${name}.json`), `${JSON.stringify(results, null, 2)}\n`);
    writeFileSync(join(RESULTS_DIR, `${name}.svg`), picture);
  }
  console.log(`\nbench/results/${stamp}.json and .svg (also latest.json, latest.svg)`);
  const wrong = rows.some((row) => (row.failed && row.reference) || row.check?.problems.length > 0);
  process.exitCode = wrong ? 1 : 0;
}

function chosenCases(only) {
  const names = only?.flatMap((text) => text.split(',')).map((text) => text.trim());
  const unknown = names?.find((name) => !CASES.some((each) => each.name === name));
  if (unknown !== undefined)
    fail(`--only: no case ${JSON.stringify(unknown)}; there are ${CASES.map(({ name }) => name).join(', ')}`);
  return names ? CASES.filter(({ name }) => names.includes(name)) : CASES;
}

function count(option, text) {
  if (!/^[1-9]\d*$/.test(String(text))) fail(`--${option}: a number from 1 is expected, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** The peers as the lock file has them. */
function installed() {
  const lock = join(HERE, 'node_modules', '.package-lock.json');
  if (!existsSync(lock)) return false;
  const { packages } = JSON.parse(readFileSync(lock, 'utf8'));
  return Object.entries(peerVersions()).every(
    ([name, version]) => packages[`node_modules/${name}`]?.version === version,
  );
}

function npm(args, cwd) {
  // Through npm's own script where npm started this: no shell, on no system.
  const script = process.env.npm_execpath;
  const [program, ...first] = script ? [process.execPath, script] : ['npm'];
  const { status, error } = spawnSync(program, [...first, ...args], { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail(`npm ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
}

function fail(text) {
  say(text);
  process.exit(2);
}
