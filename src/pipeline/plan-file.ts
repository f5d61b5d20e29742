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

/**
 * Reads a plan.
 *
 * @param likely what it may well be: if it is the same to the byte, none is made of what was read. A plan of 100,000 inputs twice in memory is
 * more than a plan should cost.
 */
export async function readPlan(
  state: ObjectStore,
  key = PLAN_KEY,
  signal?: AbortSignal,
  likely?: Plan,
): Promise<StoredPlan | undefined> {
  const bytes = await readObject(state, key, signal);
  if (bytes === undefined) return undefined;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (likely !== undefined && isEncodedAs(bytes, likely)) return { plan: likely, sha256 };
  return { plan: parseStateJson(state, key, bytes, 'pineload-plan') as unknown as Plan, sha256 };
}

export async function writePlan(state: ObjectStore, plan: Plan, signal?: AbortSignal): Promise<StoredPlan> {
  const hash = createHash('sha256');
  const writer = await state.create(PLAN_KEY, { contentType: 'application/json', signal });
  try {
    for (const bytes of inBytes(encodePlan(plan))) {
      hash.update(bytes);
      await writer.write(bytes);
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return { plan, sha256: hash.digest('hex') };
}

/**
 * JSON with a line for each input and each split: a plan may have 100,000 of them, and people read it. It comes in blocks: the whole of such
 * a plan is some tens of megabytes.
 */
function* encodePlan(plan: Plan): Generator<string> {
  const { inputs, splits, ...rest } = plan;
  yield JSON.stringify(rest, null, 2).slice(0, -2);
  for (const [name, items] of [
    ['inputs', inputs],
    ['splits', splits],
  ] as const) {
    yield `,\n  "${name}": [`;
    for (let from = 0; from < items.length; from += BLOCK) {
      const lines = items.slice(from, from + BLOCK).map((item) => `\n    ${JSON.stringify(item)}`);
      yield `${from > 0 ? ',' : ''}${lines.join(',')}`;
    }
    yield '\n  ]';
  }
  yield '\n}\n';
}

const BLOCK = 100;

/** UTF-8, in memory that is used again for the next one. */
function* inBytes(texts: Iterable<string>): Generator<Uint8Array> {
  let memory = Buffer.alloc(0);
  for (const text of texts) {
    const most = text.length * 3;
    if (memory.length < most) memory = Buffer.allocUnsafeSlow(most);
    yield memory.subarray(0, memory.write(text));
  }
}

function isEncodedAs(bytes: Uint8Array, plan: Plan): boolean {
  let at = 0;
  for (const block of inBytes(encodePlan(plan))) {
    if (Buffer.compare(bytes.subarray(at, at + block.length), block) !== 0) return false;
    at += block.length;
  }
  return at === bytes.length;
}
