import { quote } from '../../base/errors.js';
import { MAX_NAMESPACE_LENGTH } from '../limits.js';
import type { RuleCode } from '../rule-codes.js';
import type { Marker } from './marker.js';
import { DEFAULT_FILE_NAME_BYTES, type RuleOptions } from './options.js';

/** Why a namespace cannot be taken. */
export interface NamespaceFault {
  readonly code: Extract<RuleCode, 'NAMESPACE_NAME' | 'NAMESPACE_TOO_LONG'>;
  readonly expected: string;
  readonly got: string;
}

/** Namespaces: each name is looked at once, whichever number of rows has it. */
export function checkNamespaces(marker: Marker, options: RuleOptions): void {
  const { rows, namespaces } = marker.batch;
  const faults = namespaces.dictionary.map((name) => namespaceFault(name, options));
  if (faults.every((fault) => fault === undefined)) return;
  for (let row = 0; row < rows; row++) {
    const fault = faults[namespaces.codes[row]!];
    if (fault !== undefined) marker.reject(row, fault.code, 'namespace', fault.expected, fault.got);
  }
}

/**
 * A namespace is the name of one directory in the import (docs.pinecone.io/guides/index-data/import-data), so it must be
 * one that every target can have: no separators, no way up, no control characters, nothing that tools trim off.
 */
export function namespaceFault(name: string, options: RuleOptions = {}): NamespaceFault | undefined {
  const bad = (expected: string, got = quote(name)): NamespaceFault => ({ code: 'NAMESPACE_NAME', expected, got });
  if (name === '') return bad('a name that is not empty');
  const tooLong = lengthFault(name, options);
  if (tooLong !== undefined) return tooLong;
  if (name === '.' || name === '..') return bad('a name that is neither "." nor ".."');
  const strange = /[^\x20-\x7e]/u.exec(name);
  if (strange !== null) return bad('printable ASCII characters', `${quote(strange[0])} in ${quote(name)}`);
  if (/[/\\]/.test(name)) return bad('a name without "/" and "\\"');
  if (name.startsWith(' ') || name.endsWith(' ')) return bad('a name without a space at its start or end');
  return undefined;
}

/** Longest first: the service's own limit, then what the target can name. */
function lengthFault(name: string, options: RuleOptions): NamespaceFault | undefined {
  const tooLong = (expected: string, got: string): NamespaceFault => ({ code: 'NAMESPACE_TOO_LONG', expected, got });
  const most = options.limits?.namespaceLength ?? MAX_NAMESPACE_LENGTH;
  const { maxPartBytes, maxKeyBytes, fileNameBytes = DEFAULT_FILE_NAME_BYTES } = options;
  const mostBytes = Math.min(maxPartBytes ?? Infinity, (maxKeyBytes ?? Infinity) - fileNameBytes);
  // No code unit takes more than three bytes. Thousands of names come with every batch.
  if (name.length <= most && 3 * name.length <= mostBytes) return undefined;
  const characters = [...name].length;
  if (characters > most) {
    return tooLong(`at most ${most} characters`, `${characters} characters`);
  }
  const bytes = new TextEncoder().encode(name).length;
  if (maxPartBytes !== undefined && bytes > maxPartBytes) {
    return tooLong(`at most ${maxPartBytes} bytes for a directory name of this target`, `${bytes} bytes`);
  }
  if (maxKeyBytes !== undefined && bytes + fileNameBytes > maxKeyBytes) {
    const room = Math.max(0, maxKeyBytes - fileNameBytes);
    return tooLong(`at most ${room} bytes, so that the whole key fits into this target`, `${bytes} bytes`);
  }
  return undefined;
}

/**
 * Names that differ only in upper and lower case: one directory on the file systems of macOS and Windows, two in the
 * service. In order of their first member.
 */
export function namespaceCollisions(names: Iterable<string>): readonly (readonly string[])[] {
  const groups = new Map<string, Set<string>>();
  for (const name of names) {
    const folded = name.toLowerCase();
    const group = groups.get(folded);
    if (group === undefined) groups.set(folded, new Set([name]));
    else group.add(name);
  }
  return [...groups.values()].filter((group) => group.size > 1).map((group) => [...group]);
}
