import { createHash } from 'node:crypto';
import { PineloadError } from '../base/errors.js';
import type { Manifest } from './manifest.js';

/**
 * How namespaces lie below the target. One import reads everything under its URI, so what lies under one root is imported
 * together, and fails together.
 *
 * - `flat`: the target is the one root: `<namespace>/part-….parquet`.
 * - `per-namespace`: a root for each namespace: `<namespace>/<namespace>/part-….parquet`.
 * - `sets`: a given number of roots, namespaces spread over them: `set-000/<namespace>/part-….parquet`.
 */
export type LayoutKind = 'flat' | 'per-namespace' | 'sets';

export const LAYOUTS: readonly LayoutKind[] = ['flat', 'per-namespace', 'sets'];

/** A layout other than flat, as plan and manifest have it. */
export type Layout =
  { readonly kind: 'flat' } | { readonly kind: 'per-namespace' } | { readonly kind: 'sets'; readonly sets: number };

export const FLAT: Layout = { kind: 'flat' };
export const DEFAULT_LAYOUT: LayoutKind = 'flat';
/** Three digits name a set: `set-000` to `set-999`. */
export const MAX_SETS = 1_000;
const SET_DIGITS = 3;

/** Reads the options. @throws OPTION_INVALID */
export function parseLayout(kind: LayoutKind = DEFAULT_LAYOUT, sets?: number): Layout {
  const refuse = (field: string, expected: string, got: string, hint?: string): PineloadError =>
    new PineloadError('OPTION_INVALID', { field, expected, got, ...(hint === undefined ? {} : { hint }) });
  if (!LAYOUTS.includes(kind)) throw refuse('layout', LAYOUTS.join(', '), JSON.stringify(kind));
  if (kind !== 'sets') {
    if (sets !== undefined) throw refuse('sets', 'the layout "sets"', `layout "${kind}"`);
    return { kind };
  }
  if (sets === undefined || !Number.isSafeInteger(sets) || sets < 1 || sets > MAX_SETS) {
    throw refuse(
      'sets',
      `a number of sets from 1 to ${MAX_SETS}`,
      String(sets ?? 'none'),
      'One import takes 10,000 namespaces and 1 TB: take twice as many sets as are needed, since sets are not equally large.',
    );
  }
  return { kind, sets };
}

/**
 * The root of a namespace below the target: `''` or ending in `/`. In sets it follows from the namespace's name alone
 * (SHA-256, modulo), so that every split, machine and repetition puts it in the same place.
 */
export function rootOf(layout: Layout, namespace: string): string {
  switch (layout.kind) {
    case 'flat':
      return '';
    case 'per-namespace':
      return `${namespace}/`;
    case 'sets': {
      const hash = createHash('sha256').update(namespace).digest().readUIntBE(0, 6);
      return `set-${String(hash % layout.sets).padStart(SET_DIGITS, '0')}/`;
    }
  }
}

/** What a root adds at most to a key that begins with a namespace of so many bytes. */
export function rootBytes(layout: Layout, namespaceBytes: number): number {
  return layout.kind === 'flat' ? 0 : layout.kind === 'sets' ? 'set-'.length + SET_DIGITS + 1 : namespaceBytes + 1;
}

/** The part of a manifest that one import takes: a manifest of its own, paths relative to the root. */
export interface ImportRoot {
  /** Below the target: `''` or ending in `/`. */
  readonly root: string;
  readonly manifest: Manifest;
}

/** Every root that holds files, in the order of their names (UTF-16 code units). A flat manifest is its only root. */
export function rootsOf(manifest: Manifest): ImportRoot[] {
  const layout = manifest.layout ?? FLAT;
  if (layout.kind === 'flat') return [{ root: '', manifest }];
  const byRoot = new Map<
    string,
    { files: Manifest['files'][number][]; namespaces: Manifest['namespaces'][number][] }
  >();
  const at = (namespace: string) => {
    const root = rootOf(layout, namespace);
    let entry = byRoot.get(root);
    if (entry === undefined) byRoot.set(root, (entry = { files: [], namespaces: [] }));
    return { root, entry };
  };
  for (const file of manifest.files) {
    const { root, entry } = at(file.namespace);
    entry.files.push({ ...file, path: file.path.slice(root.length) });
  }
  for (const namespace of manifest.namespaces) at(namespace.namespace).entry.namespaces.push(namespace);
  return [...byRoot]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([root, { files, namespaces }]) => ({ root, manifest: partOf(manifest, files, namespaces) }));
}

function partOf(whole: Manifest, files: Manifest['files'], namespaces: Manifest['namespaces']): Manifest {
  const { format, pineload, kind, dimension } = whole;
  return {
    format,
    version: 1,
    pineload,
    kind,
    ...(dimension === undefined ? {} : { dimension }),
    records: namespaces.reduce((sum, { records }) => sum + records, 0),
    bytes: namespaces.reduce((sum, { bytes }) => sum + bytes, 0),
    // By which rule is known for the whole only.
    rejected: 0,
    rejectsByCode: {},
    namespaces,
    files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}
