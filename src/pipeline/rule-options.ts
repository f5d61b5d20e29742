import { DEFAULT_FILE_NAME_BYTES, type RuleOptions } from '../records/rules/options.js';
import type { recordRules } from './options.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { rootBytes, type Layout } from '../writers/layout.js';

/** The rules that were set, and what the target makes of them: a namespace becomes a directory there. */
export function ruleOptions(
  { maxPartBytes, maxKeyBytes }: ObjectStore,
  layout: Layout,
  rules: ReturnType<typeof recordRules>,
): RuleOptions {
  return {
    ...rules,
    maxPartBytes: roomForName(layout, maxPartBytes, maxKeyBytes),
    maxKeyBytes: maxKeyBytes - rootBytes(layout, 0),
  };
}

/** In its own root a namespace stands twice in the key. */
function roomForName(layout: Layout, maxPartBytes: number, maxKeyBytes: number): number {
  if (layout.kind !== 'per-namespace') return maxPartBytes;
  return Math.min(maxPartBytes, Math.floor((maxKeyBytes - DEFAULT_FILE_NAME_BYTES - 1) / 2));
}
