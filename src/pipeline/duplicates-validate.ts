import { DUPLICATE_WORDS, findDuplicates, type DuplicateKind } from '../duplicates/find-duplicates.js';
import { RecordSorter } from '../duplicates/record-sorter.js';
import type { RecordBatch } from '../records/batch.js';
import { fingerprintBatch } from '../records/fingerprint/fingerprints.js';
import { RULES } from '../records/rule-codes.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { DEFAULT_FINDINGS_PER_CODE, type FindingLog } from '../validate/findings.js';
import { StoredRows, type StoredFile } from './duplicates-rows.js';

/** high, low, file, row. */
const WORDS = 4;

export interface ImportDuplicatesOptions {
  readonly memoryBytes: number;
  /** For temporary files. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

/** Repeated ids and identical vectors among all files of an import, whoever wrote them. */
export class ImportDuplicates {
  readonly #sorters: Readonly<Record<DuplicateKind, RecordSorter>>;
  readonly #files = new Map<number, StoredFile>();
  /** Files are read at once, but noted one batch after the other. */
  #tail: Promise<void> = Promise.resolve();

  constructor(private readonly options: ImportDuplicatesOptions) {
    const { memoryBytes, directory } = options;
    const sorter = (): RecordSorter =>
      new RecordSorter({ words: WORDS, keyWords: WORDS, memoryBytes: memoryBytes / 4, directory });
    this.#sorters = { ids: sorter(), vectors: sorter() };
  }

  /**
   * Notes the good rows of a batch.
   * @param unit number of the file in the order of keys
   * @param firstRow of the batch, 0-based in the file
   */
  add(unit: number, file: StoredFile, batch: RecordBatch, firstRow: number): Promise<void> {
    // At once: the batch's memory is used again for the next.
    const codes = new Uint32Array(batch.rows);
    const fingerprints = fingerprintBatch(batch, { dictionary: [file.namespace ?? ''], codes });
    const good = goodRows(batch);
    this.#files.set(unit, file);
    const added = this.#tail.then(async () => {
      for (const kind of ['ids', 'vectors'] as const) {
        const sorter = this.#sorters[kind];
        // Signed, since V8 has quick ways for whole numbers that are.
        const words = new Int32Array(fingerprints[kind].buffer, fingerprints[kind].byteOffset, 2 * batch.rows);
        for (let done = 0; done < good.length;) {
          if (sorter.isFull) await sorter.spill();
          const end = Math.min(good.length, done + sorter.room);
          const { to: first, records } = sorter.slots(end - done);
          let to = first;
          for (; done < end; done++) {
            const row = good[done]!;
            records[to] = words[2 * row + 1]!;
            records[to + 1] = words[2 * row]!;
            records[to + 2] = unit;
            records[to + 3] = firstRow + row;
            to += WORDS;
          }
        }
      }
    });
    this.#tail = added.catch(() => undefined);
    return added;
  }

  /** Tells every duplicate. Of several records with the same id or vector the first one, by file and row, is none. */
  async tell(
    store: ObjectStore,
    dimension: number,
    log: FindingLog,
    severity: 'error' | 'warning',
    perCode = DEFAULT_FINDINGS_PER_CODE,
  ): Promise<void> {
    const { memoryBytes, directory, signal } = this.options;
    const rows = new StoredRows(store, dimension, signal);
    const found = await findDuplicates(
      (kind) => this.#sorters[kind].sorted(),
      (kind, unit, some) => rows.digests(kind, this.#files.get(unit)!, some),
      { keep: 'first', candidateWords: WORDS, memoryBytes: memoryBytes / 2, directory, signal },
    );
    try {
      const told = [0, 0];
      for await (const block of found.records.sorted()) {
        for (let at = 0; at < block.length; at += DUPLICATE_WORDS) {
          const [unit, row, , keptUnit, keptRow, , which] = block.subarray(at, at + DUPLICATE_WORDS);
          const code = which === 0 ? 'DUPLICATE_ID' : 'DUPLICATE_VECTOR';
          const file = this.#files.get(unit!)!;
          // They come by file and row, as the log keeps them.
          const shown = told[which!]!++ < perCode;
          const [id] = shown ? await rows.ids(file, [row!]) : [];
          const kept = this.#files.get(keptUnit!)!;
          const [keptId] = shown && which === 1 ? await rows.ids(kept, [keptRow!]) : [];
          log.add({
            code,
            severity,
            message: RULES[code].title,
            file: file.key,
            row: row!,
            id,
            field: which === 0 ? 'id' : 'values',
            expected: `${which === 0 ? 'an id' : 'a vector'} that no other record of the namespace has`,
            got: `that of ${kept.key}, row ${keptRow}${keptId === undefined ? '' : `, id ${JSON.stringify(keptId)}`}`,
          });
        }
      }
    } finally {
      await found.records.close();
    }
  }

  /** Removes temporary files. Never throws. */
  async close(): Promise<void> {
    await this.#tail;
    await this.#sorters.ids.close();
    await this.#sorters.vectors.close();
  }
}

/** Numbers of the rows that are not rejected. */
function goodRows({ rows, rejected }: RecordBatch): Uint32Array {
  const good = new Uint32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) if (rejected[row] === 0) good[count++] = row;
  return good.subarray(0, count);
}
