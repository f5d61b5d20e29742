import { createHash } from 'node:crypto';
import type { ObjectStore } from '../uploaders/object-store.js';
import { PLAN_KEY, type Plan } from './plan.js';
import { parseStateJson, readObject } from './state-json.js';

/** A plan as it lies in the state, with what names it in the journal. */
export interface StoredPlan {
  readonly plan: Plan;
  /** Lower-case hex of the object's bytes. */
  readonly sha256: string;
}

export async function readPlan(
  state: ObjectStore,
  key = PLAN_KEY,
  signal?: AbortSignal,
): Promise<StoredPlan | undefined> {
  const bytes = await readObject(state, key, signal);
  if (bytes === undefined) return undefined;
  return { plan: parseStateJson(state, key, bytes, 'pineload-plan') as unknown as Plan, sha256: sha256Of(bytes) };
}

export async function writePlan(state: ObjectStore, plan: Plan, signal?: AbortSignal): Promise<StoredPlan> {
  const bytes = encodePlan(plan);
  await state.put(PLAN_KEY, bytes, { contentType: 'application/json', signal });
  return { plan, sha256: sha256Of(bytes) };
}

/** JSON with a line for each input and each split: a plan may have 100,000 of them, and people read it. */
export function encodePlan(plan: Plan): Uint8Array {
  const { inputs, splits, ...rest } = plan;
  const parts = [Buffer.from(JSON.stringify(rest, null, 2).slice(0, -2))];
  for (const [name, items] of [
    ['inputs', inputs],
    ['splits', splits],
  ] as const) {
    parts.push(Buffer.from(`,\n  "${name}": [`));
    // In blocks: the text of all would be one string of some tens of megabytes.
    for (let from = 0; from < items.length; from += BLOCK) {
      const lines = items.slice(from, from + BLOCK).map((item) => `\n    ${JSON.stringify(item)}`);
      parts.push(Buffer.from(`${from > 0 ? ',' : ''}${lines.join(',')}`));
    }
    parts.push(Buffer.from('\n  ]'));
  }
  parts.push(Buffer.from('\n}\n'));
  return Buffer.concat(parts);
}

const BLOCK = 1_000;

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
