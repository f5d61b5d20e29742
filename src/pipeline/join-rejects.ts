import type { ObjectStore } from '../uploaders/object-store.js';
import type { SplitEntry } from './journal.js';
import { LineCounts } from './lines-before.js';
import type { Plan } from './plan.js';
import { REJECTS_KEY, rejectsKey } from './reject-log.js';

/**
 * Joins the rejects files of all splits, in order, into `rejects.jsonl`; lines that were counted from the start of a range become
 * those of the input. Returns its key, if there are rejects.
 */
export async function joinRejects(
  state: ObjectStore,
  plan: Plan,
  entries: ReadonlyMap<number, SplitEntry>,
  signal?: AbortSignal,
  /** Further rejects, whose lines are right already. */
  more?: string,
): Promise<string | undefined> {
  const splits = plan.splits.filter(({ index }) => (entries.get(index)?.rejects.total ?? 0) > 0);
  if (splits.length === 0 && more === undefined) return undefined;
  const counts = new LineCounts(plan);
  const writer = await state.create(REJECTS_KEY, { contentType: 'application/x-ndjson', signal });
  try {
    for (const { index, pieces } of splits) {
      const places = pieces.flatMap(({ input, range }) =>
        range === undefined || range[0] === 0
          ? []
          : [{ source: plan.inputs[input]!.name, range, lines: counts.before(input, range[0], entries) ?? 0 }],
      );
      const stored = state.read(rejectsKey(index), { signal });
      for await (const bytes of places.length === 0 ? stored : placed(stored, places)) await writer.write(bytes);
    }
    if (more !== undefined) for await (const bytes of state.read(more, { signal })) await writer.write(bytes);
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return REJECTS_KEY;
}

/** A range, and the lines of its input before it. */
interface Place {
  readonly source: string;
  readonly range: readonly [start: number, end: number];
  readonly lines: number;
}

async function* placed(stored: AsyncIterable<Uint8Array>, places: readonly Place[]): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const bytes of stored) {
    const all = Buffer.concat([rest, bytes]);
    const end = all.lastIndexOf(0x0a) + 1;
    rest = all.subarray(end);
    if (end > 0) yield moved(all.subarray(0, end), places);
  }
}

/** Whole lines of a rejects file with their line numbers moved. */
function moved(lines: Buffer, places: readonly Place[]): Buffer {
  const out = lines
    .toString('utf8')
    .split('\n')
    .map((text) => {
      if (text === '') return text;
      const reject = JSON.parse(text) as { source: string; line: number; byteOffset: number };
      const place = places.find(
        ({ source, range }) =>
          source === reject.source && reject.byteOffset >= range[0] && reject.byteOffset < range[1],
      );
      if (place !== undefined) reject.line += place.lines;
      return JSON.stringify(reject);
    });
  return Buffer.from(out.join('\n'));
}
