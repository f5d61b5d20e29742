import { formatCount } from '../../base/bytes.js';
import { C, JsonCursor } from './json-cursor.js';

/** What is done to metadata values that the service does not take; without any of these, the record is rejected. */
export interface MetadataOptions {
  /** Null values: `drop` leaves them out, those in lists too. Default `reject`. */
  readonly nulls?: 'reject' | 'drop' | undefined;
  /**
   * Objects: `drop` leaves them out, `stringify` puts their JSON text in their place, `flatten` their fields, named `a.b`.
   * Default `reject`.
   */
  readonly nested?: 'reject' | 'drop' | 'stringify' | 'flatten' | undefined;
  /**
   * Lists that do not hold strings only: `drop` leaves the list out, `stringify` makes a string of each element that is
   * none (`[1, "a"]` becomes `["1", "a"]`). Default `reject`.
   */
  readonly lists?: 'reject' | 'drop' | 'stringify' | undefined;
}

/** How many values were changed, by what was done to them. */
export interface MetadataChanges {
  /** Records in which anything was. */
  readonly records: number;
  readonly nullsDropped: number;
  readonly nestedDropped: number;
  readonly nestedStringified: number;
  readonly nestedFlattened: number;
  readonly listsDropped: number;
  readonly listsStringified: number;
}

export const NO_METADATA_CHANGES: MetadataChanges = {
  records: 0,
  nullsDropped: 0,
  nestedDropped: 0,
  nestedStringified: 0,
  nestedFlattened: 0,
  listsDropped: 0,
  listsStringified: 0,
};

/** Adds up what was changed; undefined where nothing was. */
export function addMetadataChanges(
  a: MetadataChanges | undefined,
  b: MetadataChanges | undefined,
): MetadataChanges | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const sum: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b) as [string, number][]) sum[name] = (sum[name] ?? 0) + count;
  return sum as unknown as MetadataChanges;
}

/** `Metadata changed in 12 records: 3 nulls left out, 9 objects flattened` */
export function describeMetadataChanges(changes: MetadataChanges): string {
  const words: readonly (readonly [number, string])[] = [
    [changes.nullsDropped, 'nulls left out'],
    [changes.nestedDropped, 'objects left out'],
    [changes.nestedStringified, 'objects made strings'],
    [changes.nestedFlattened, 'objects flattened'],
    [changes.listsDropped, 'lists left out'],
    [changes.listsStringified, 'lists made lists of strings'],
  ];
  const done = words.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`);
  return `Metadata changed in ${formatCount(changes.records)} record${changes.records === 1 ? '' : 's'}: ${done.join(', ')}.`;
}

/** Would any value be changed at all? */
export function mendsMetadata(options: MetadataOptions | undefined): boolean {
  const { nulls = 'reject', nested = 'reject', lists = 'reject' } = options ?? {};
  return nulls !== 'reject' || nested !== 'reject' || lists !== 'reject';
}

/** Objects in objects that are flattened; deeper ones are left as they are, and so rejected. */
export const MAX_FLATTEN_DEPTH = 64;

type Writable = { -readonly [K in keyof MetadataChanges]: MetadataChanges[K] };

/** Left as it is: the rules say what is wrong with it. */
class NotMendable extends Error {}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Makes metadata of what is not quite: leaves out nulls, flattens objects, turns lists of anything into lists of strings, as the
 * options say. What needs no change stays byte for byte. What comes out is for the rules to judge anew.
 */
export class MetadataMender extends JsonCursor {
  #parts: string[] = [];
  #keys = new Set<string>();
  #found: Writable = { ...NO_METADATA_CHANGES };

  constructor(private readonly options: MetadataOptions) {
    super();
  }

  /** The object `bytes[start … end)` mended, and what was done; undefined: there is nothing that could be. */
  mend(bytes: Uint8Array, start: number, end: number): { bytes: Uint8Array; changes: MetadataChanges } | undefined {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#parts = [];
    this.#keys = new Set();
    this.#found = { ...NO_METADATA_CHANGES, records: 1 };
    try {
      this.skipSpace();
      if (this.peek() !== C.OPEN) return undefined;
      this.#object('', 0);
    } catch (error) {
      if (error instanceof NotMendable) return undefined;
      throw error;
    }
    this.skipSpace();
    const { records, ...done } = this.#found;
    if (this.at !== end || Object.values(done).every((count) => count === 0)) return undefined;
    return { bytes: encoder.encode(`{${this.#parts.join(',')}}`), changes: { records, ...done } };
  }

  /** Members of the object at hand, added to the parts. @param prefix of their names, `a.` */
  #object(prefix: string, depth: number): void {
    if (depth > MAX_FLATTEN_DEPTH) throw new NotMendable();
    this.#members(() => {
      const keyStart = this.at;
      this.#pass(() => this.peek() === C.QUOTE && this.string() === undefined);
      const keyEnd = this.at;
      this.skipSpace();
      this.#pass(() => this.next() === C.COLON);
      this.skipSpace();
      const name = prefix + this.text(keyStart, keyEnd);
      const raw = prefix === '' ? this.#raw(keyStart, keyEnd) : JSON.stringify(name);
      this.#value(name, raw, depth);
    });
  }

  #value(name: string, key: string, depth: number): void {
    const { nulls, nested, lists } = this.options;
    const start = this.at;
    const c = this.peek();
    if (c === C.OPEN && nested === 'flatten') {
      this.#found.nestedFlattened++;
      this.#object(`${name}.`, depth + 1);
      return;
    }
    if (c === C.OPEN_LIST && lists !== undefined && lists !== 'reject') {
      const { items, strange } = this.#list();
      if (strange && lists === 'drop') this.#found.listsDropped++;
      else if (strange) {
        this.#found.listsStringified++;
        this.#add(name, key, `[${items.join(',')}]`);
      } else this.#add(name, key, `[${items.join(',')}]`, start);
      return;
    }
    if (c === C.OPEN_LIST && nulls === 'drop') {
      const { items } = this.#list();
      this.#add(name, key, `[${items.join(',')}]`, start);
      return;
    }
    this.#skip();
    const raw = this.#json(start);
    if (c === LETTER_N && nulls === 'drop') this.#found.nullsDropped++;
    else if (c === C.OPEN && nested === 'drop') this.#found.nestedDropped++;
    else if (c === C.OPEN && nested === 'stringify') {
      this.#found.nestedStringified++;
      this.#add(name, key, JSON.stringify(raw));
    } else this.#add(name, key, raw);
  }

  /** The elements of a list as JSON; `strange`: one that is no string was made one. */
  #list(): { items: string[]; strange: boolean } {
    const { nulls, lists } = this.options;
    const items: string[] = [];
    let strange = false;
    this.#elements(C.CLOSE_LIST, () => {
      const start = this.at;
      const c = this.peek();
      this.#skip();
      const raw = this.#json(start);
      if (c === C.QUOTE) items.push(raw);
      else if (c === LETTER_N && nulls === 'drop') this.#found.nullsDropped++;
      else {
        strange = true;
        items.push(lists === undefined || lists === 'reject' ? raw : JSON.stringify(raw));
      }
    });
    return { items, strange };
  }

  /** @param unchangedFrom where the value lies as it is, if no null was left out of it */
  #add(name: string, key: string, value: string, unchangedFrom?: number): void {
    // A name that flattening brought in twice would leave open which of the two counts.
    if (this.options.nested === 'flatten') {
      if (this.#keys.has(name)) throw new NotMendable();
      this.#keys.add(name);
    }
    const asIs = unchangedFrom === undefined ? undefined : this.#raw(unchangedFrom, this.at);
    const same = asIs !== undefined && asIs.replace(/\s/g, '') === value.replace(/\s/g, '');
    this.#parts.push(`${key}:${same ? asIs : value}`);
  }

  /** Passes over any value, however deep: levels are counted, not called. */
  #skip(): void {
    let depth = 0;
    do {
      this.skipSpace();
      const c = this.peek();
      if (c === C.OPEN || c === C.OPEN_LIST) {
        depth++;
        this.at++;
      } else if (c === C.CLOSE || c === C.CLOSE_LIST) {
        depth--;
        this.at++;
      } else if (c === C.COMMA || c === C.COLON) {
        this.at++;
      } else if (c === C.QUOTE) {
        this.#pass(() => this.string() === undefined);
      } else if (c === C.MINUS || (c >= C.ZERO && c <= C.NINE)) {
        this.#pass(() => this.number());
      } else {
        this.#pass(() => this.word('true') || this.word('false') || this.word('null'));
      }
    } while (depth > 0);
  }

  #members(member: () => void): void {
    this.#elements(C.CLOSE, member);
  }

  #elements(close: number, element: () => void): void {
    this.at++;
    this.skipSpace();
    if (this.peek() === close) {
      this.at++;
      return;
    }
    for (;;) {
      element();
      this.skipSpace();
      const c = this.next();
      if (c === close) return;
      this.#pass(() => c === C.COMMA);
      this.skipSpace();
    }
  }

  #pass(read: () => boolean): void {
    if (!read()) throw new NotMendable();
  }

  /** The value from `start` to here, of which only the parts have been looked at yet. */
  #json(start: number): string {
    const raw = this.#raw(start, this.at);
    if (raw.startsWith('{') || raw.startsWith('[')) this.#pass(() => isJson(raw));
    return raw;
  }

  #raw(start: number, end: number): string {
    return decoder.decode(this.bytes.subarray(start, end));
  }
}

const LETTER_N = 0x6e;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
