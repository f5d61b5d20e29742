import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';

/**
 * Does work for each item, so many at once; results in the order of the items. All of them may listen to the one signal: more than ten
 * listeners are no leak here, and Node is told so.
 */
export function eachAtOnce<Item, Result>(
  items: readonly Item[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  if (signal !== undefined) setMaxListeners(0, signal);
  const turn = pLimit(limit);
  return Promise.all(items.map((item) => turn(() => work(item))));
}
