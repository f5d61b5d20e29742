import { realpathSync, statSync, type BigIntStats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import { belongs, factsOf, nothingFound } from './facts.js';
import type { Found, ListOptions } from './list-sources.js';
import { LocalSource, readError } from './local-source.js';
import { compareNames, isVisible, looksLikeGlob } from './names.js';

/** Files that are looked at without a pause. */
const FILES_AT_A_TIME = 64;

/** Finds the files that a path, a directory, a glob or a `file:` URL stands for. */
export async function listLocal(input: string, options: ListOptions): Promise<readonly Found[]> {
  const path = /^file:\/\//i.test(input) ? localPath(input) : input;
  const stats = statNow(path);
  // A file of that very name wins over what the name would mean as a glob: `words[1].jsonl`.
  if (stats === undefined && looksLikeGlob(path)) return listGlob(path, options);
  if (stats === undefined) throw new PineloadError('INPUT_NOT_FOUND', { source: path });
  if (stats.isDirectory()) return listDirectory(path, options);
  return [found(path, realPath(path), stats, options)];
}

async function listDirectory(directory: string, options: ListOptions): Promise<readonly Found[]> {
  const walked: Walked = { names: [], links: new Set() };
  await walk(directory, '', walked, options);
  const files = walked.names.filter((name) => belongs(name, options)).sort(compareNames);
  if (files.length === 0) throw nothingFound(directory, 'directory', options);
  // What is reached without a link has its real path where the directory has its own.
  const real = realPath(directory);
  const isReal = isAbsolute(directory) && resolve(directory) === real;
  const realPathOf = (name: string, path: string): string => {
    if (walked.links.has(name)) return realPath(path);
    return isReal ? path : join(real, name);
  };
  return foundAll(files, (name) => join(directory, name), realPathOf, options);
}

/** Visible files below a directory, with `/` between parts; which of them are links. */
interface Walked {
  readonly names: string[];
  readonly links: Set<string>;
}

/** Gathers the visible files below. Links to files are followed, links to directories are not: they may form a circle. */
async function walk(root: string, below: string, walked: Walked, options: ListOptions): Promise<void> {
  throwIfAborted(options.signal);
  const directory = join(root, below);
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw readError(error, directory);
  });
  for (const entry of entries) {
    // With `/` between parts on every system, so that the order is the same.
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (!isVisible(entry.name)) continue;
    if (entry.isDirectory()) await walk(root, name, walked, options);
    else if (entry.isFile()) walked.names.push(name);
    else if (entry.isSymbolicLink() && statNow(join(root, name))?.isFile()) {
      walked.names.push(name);
      walked.links.add(name);
    }
  }
}

async function listGlob(pattern: string, options: ListOptions): Promise<readonly Found[]> {
  // Most inputs are no glob, and what matches them takes ten milliseconds to load.
  const { glob } = await import('tinyglobby');
  const paths = await glob([sep === '\\' ? pattern.replaceAll('\\', '/') : pattern], {
    absolute: isAbsolute(pattern),
    expandDirectories: false,
    onlyFiles: true,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }).catch((error: unknown) => {
    throwIfAborted(options.signal);
    throw readError(error, pattern);
  });
  if (paths.length === 0) {
    throw new PineloadError('INPUT_NOT_FOUND', { source: pattern, message: 'no file matches this glob' });
  }
  return foundAll(paths.sort(compareNames), (path) => path, realPath, options);
}

async function foundAll(
  names: readonly string[],
  pathOf: (name: string) => string,
  realPathOf: (name: string, path: string) => string,
  options: ListOptions,
): Promise<readonly Found[]> {
  const all: Found[] = [];
  for (const [i, name] of names.entries()) {
    // Looking at 100,000 files through the thread pool takes a minute, directly some seconds; every few of them others have a turn.
    if (i % FILES_AT_A_TIME === 0) await setImmediate();
    throwIfAborted(options.signal);
    const path = pathOf(name);
    const stats = statNow(path);
    if (stats === undefined) throw new PineloadError('INPUT_NOT_FOUND', { source: path });
    all.push(found(path, realPathOf(name, path), stats, options));
  }
  return all;
}

function found(path: string, identity: string, stats: BigIntStats, options: ListOptions): Found {
  const facts = factsOf(path, options);
  return { identity, source: LocalSource.create({ name: path, path, ...facts, stats }) };
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** Undefined when there is nothing of that name. */
function statNow(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    // Windows refuses `*` and `?` in names outright.
    if (code === 'EINVAL' || (code === 'ERR_INVALID_ARG_VALUE' && looksLikeGlob(path))) return undefined;
    throw readError(error, path);
  }
}

function localPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new PineloadError('URI_INVALID', { source: url, message: 'this is no valid file URL', cause });
  }
}
