import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { measure } from '../lib/measure.mjs';

export const NODE = process.execPath;
export const CLI = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));
export const peer = (name) => fileURLToPath(new URL(`../peers/${name}.mjs`, import.meta.url));

/** In CSV, which columns are metadata has to be said. */
const CSV_OPTIONS = {
  'csv-1536': ['--metadata-fields', 'title,page:number,lang'],
  'csv-words': ['--metadata-fields', 'word,rank:number,kind'],
};

/** The same 2,000 vectors under ever new ids: by default that would be refused. */
const REPEATED = new Set(['jsonl-words', 'csv-words', 'jsonl-namespaces']);

/** The built CLI with its default options. */
export const convertCommand =
  (kind, more = []) =>
  ({ input, out }) => [
    ...[NODE, CLI, 'convert', input, '--to', out, '--overwrite', ...(CSV_OPTIONS[kind] ?? [])],
    ...(REPEATED.has(kind) && !more.includes('--duplicates') ? ['--duplicates', 'allow'] : []),
    ...more,
  ];

/** A peer as a process of its own. */
export const peerCommand =
  (name, kind, more = () => []) =>
  (run) => [NODE, peer(name), ...['--input', run.input, '--out', run.out, '--kind', kind], ...more(run)];

let workers;
/** Whether this pineload has --workers. */
export async function hasWorkers() {
  workers ??=
    existsSync(CLI) && (await measure([NODE, CLI, 'convert', '--help'], { peak: false })).stdout.includes('--workers');
  return workers;
}
