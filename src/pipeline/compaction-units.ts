import type { StagedGroup } from '../writers/staged-split.js';

/** A row group that is to be joined with others of its namespace. */
export interface StagedPart {
  readonly split: number;
  readonly offset: number;
  readonly bytes: number;
  readonly records: number;
}

/** A share of the joining: some namespaces, each with its row groups in the order of splits. */
export interface CompactionUnit {
  readonly index: number;
  readonly namespaces: readonly { readonly namespace: string; readonly parts: readonly StagedPart[] }[];
}

/** A unit ends with the namespace that brings it to so many staged bytes, or to so many namespaces. */
export const COMPACTION_UNIT_BYTES = 256 * 1024 * 1024;
export const COMPACTION_UNIT_NAMESPACES = 1_000;

/**
 * Cuts what all splits have staged into units. They follow from what is staged alone, not from who does them: namespaces in the order of
 * their names, which is the order of the row groups in every staged object, so that a unit reads one stretch of each.
 */
export function compactionUnits(staged: ReadonlyMap<number, readonly StagedGroup[]>): CompactionUnit[] {
  const byNamespace = new Map<string, StagedPart[]>();
  for (const split of [...staged.keys()].sort((a, b) => a - b)) {
    for (const { namespace, offset, bytes, records } of staged.get(split)!) {
      let parts = byNamespace.get(namespace);
      if (parts === undefined) byNamespace.set(namespace, (parts = []));
      parts.push({ split, offset, bytes, records });
    }
  }
  const units: CompactionUnit[] = [];
  let namespaces: { namespace: string; parts: StagedPart[] }[] = [];
  let size = 0;
  const close = (): void => {
    if (namespaces.length > 0) units.push({ index: units.length, namespaces });
    namespaces = [];
    size = 0;
  };
  for (const namespace of [...byNamespace.keys()].sort()) {
    const parts = byNamespace.get(namespace)!;
    namespaces.push({ namespace, parts });
    for (const { bytes } of parts) size += bytes;
    if (size >= COMPACTION_UNIT_BYTES || namespaces.length >= COMPACTION_UNIT_NAMESPACES) close();
  }
  close();
  return units;
}
