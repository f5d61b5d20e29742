import { quote } from '../../base/errors.js';
import { KNOWN_GOOD } from '../batch.js';
import { MAX_METADATA_BYTES } from '../limits.js';
import type { RuleCode } from '../rule-codes.js';
import { C, JsonCursor } from './json-cursor.js';
import { KeySet } from './key-set.js';
import type { Marker } from './marker.js';
import { addMetadataChanges, MetadataMender, mendsMetadata, type MetadataChanges } from './metadata-mend.js';
import type { RuleOptions } from './options.js';

/** Why a metadata text cannot be taken. */
export interface MetadataFault {
  readonly code: Extract<RuleCode, `METADATA_${string}`>;
  /** Key of the value that is at fault. */
  readonly key?: string | undefined;
  readonly expected: string;
  readonly got: string;
}

/** Metadata that was changed, by the line of its record, which is the same wherever the row is put. */
export interface MendedMetadata {
  readonly texts: ReadonlyMap<number, Uint8Array>;
  readonly changes: MetadataChanges;
}

/** Metadata: null, or a flat JSON object of at most 40 KB; what is not is changed as the options say, or rejected. */
export function checkMetadata(marker: Marker, options: RuleOptions): MendedMetadata | undefined {
  const { rows, metadata, origin, knownGood, knownOfAll } = marker.batch;
  const { lines } = origin;
  const { bytes, offsets, validity } = metadata;
  const maxBytes = options.limits?.metadataBytes ?? MAX_METADATA_BYTES;
  const doubtful = knownOfAll !== undefined && knownOfAll.longestMetadata <= maxBytes ? knownOfAll.doubtful : undefined;
  if (doubtful?.length === 0) return undefined;
  const walker = new MetadataWalker(maxBytes, options.documentedOnly);
  const mender = mendsMetadata(options.metadata) ? new MetadataMender(options.metadata!) : undefined;
  const texts = new Map<number, Uint8Array>();
  let changes: MetadataChanges | undefined;
  for (let i = 0, count = doubtful?.length ?? rows; i < count; i++) {
    const row = doubtful?.[i] ?? i;
    if (marker.isRejected(row) || validity?.[row] === 0) continue;
    const known = knownGood !== undefined && (knownGood[row]! & KNOWN_GOOD.metadata) !== 0;
    if (known && offsets[row + 1]! - offsets[row]! <= maxBytes) continue;
    let fault = walker.check(bytes, offsets[row]!, offsets[row + 1]!);
    if (fault === undefined) continue;
    const mended = mender?.mend(bytes, offsets[row]!, offsets[row + 1]!);
    if (mended !== undefined) {
      fault = walker.check(mended.bytes, 0, mended.bytes.length);
      if (fault === undefined) {
        texts.set(lines[row]!, mended.bytes);
        changes = addMetadataChanges(changes, mended.changes);
        continue;
      }
    }
    const field = fault.key === undefined ? 'metadata' : `metadata.${fault.key}`;
    marker.reject(row, fault.code, field, fault.expected, fault.got);
  }
  return changes === undefined ? undefined : { texts, changes };
}

const VALUES = 'a string, a number, true, false or a list of strings';
const OBJECT = 'a JSON object';

/**
 * Walks over the bytes of a metadata text without making objects of it. The shape that is allowed is flat, so one pass
 * without recursion reads all of it as strictly as JSON.parse would; it stops at the first thing that is not allowed.
 */
export class MetadataWalker extends JsonCursor {
  #start = 0;
  readonly #keys = new KeySet((start, end) => this.text(start, end));

  /** @param repeatedKeys take keys that occur twice, which is a matter of prudence */
  constructor(
    private readonly maxBytes: number,
    private readonly repeatedKeys = false,
  ) {
    super();
  }

  /** Looks at `bytes[start … end)`. Undefined: nothing wrong. */
  check(bytes: Uint8Array, start: number, end: number): MetadataFault | undefined {
    if (end - start > this.maxBytes) {
      const expected = `at most ${this.maxBytes} bytes of JSON text`;
      return { code: 'METADATA_TOO_LARGE', expected, got: `${end - start} bytes` };
    }
    this.bytes = bytes;
    this.#start = start;
    this.at = start;
    this.end = end;
    this.skipSpace();
    if (this.peek() !== C.OPEN) return this.#notObject(this.describe());
    this.at++;
    this.skipSpace();
    if (this.peek() === C.CLOSE) this.at++;
    else {
      this.#keys.clear();
      for (;;) {
        const fault = this.#member();
        if (fault !== undefined) return fault;
        this.skipSpace();
        const c = this.next();
        if (c === C.CLOSE) break;
        if (c !== C.COMMA) return this.#syntax();
        this.skipSpace();
      }
    }
    this.skipSpace();
    return this.at === this.end ? undefined : this.#syntax();
  }

  #member(): MetadataFault | undefined {
    if (this.peek() !== C.QUOTE) return this.#syntax();
    const keyStart = this.at;
    const keyFault = this.string();
    if (keyFault !== undefined) return this.#stringFault(keyFault, undefined);
    const keyEnd = this.at;
    const first = this.bytes[keyStart + 1];
    // `$` may be written as \u0024; keys with an escape in front are rare, so they are read in full.
    if (first === C.DOLLAR || (first === C.BACKSLASH && this.text(keyStart, keyEnd).startsWith('$'))) {
      const got = quote(this.text(keyStart, keyEnd));
      return { code: 'METADATA_KEY', expected: 'keys that do not begin with "$"', got };
    }
    if (!this.#keys.add(this.bytes, keyStart, keyEnd) && !this.repeatedKeys) {
      // Which of the two values would count is left open by RFC 8259, section 4.
      const key = this.text(keyStart, keyEnd);
      return { code: 'METADATA_DUPLICATE_KEY', key, expected: 'every key once', got: `${quote(key)} twice` };
    }
    this.skipSpace();
    if (this.next() !== C.COLON) return this.#syntax();
    this.skipSpace();
    return this.#value(keyStart, keyEnd);
  }

  #value(keyStart: number, keyEnd: number): MetadataFault | undefined {
    const key = (): string => this.text(keyStart, keyEnd);
    const c = this.peek();
    if (c === C.QUOTE) {
      const fault = this.string();
      return fault === undefined ? undefined : this.#stringFault(fault, key());
    }
    if (c === C.OPEN_LIST) return this.#list(key);
    if (c === C.MINUS || (c >= C.ZERO && c <= C.NINE)) {
      const start = this.at;
      if (!this.number()) return this.#syntax();
      if (this.isFiniteNumber(start)) return undefined;
      return this.#bad(key(), 'a number too large for a float64');
    }
    if (this.word('true') || this.word('false')) return undefined;
    if (this.word('null')) return this.#bad(key(), 'null');
    if (c === C.OPEN) return this.#bad(key(), 'an object');
    return this.#syntax();
  }

  #list(key: () => string): MetadataFault | undefined {
    this.at++;
    this.skipSpace();
    if (this.peek() === C.CLOSE_LIST) {
      this.at++;
      return undefined;
    }
    for (;;) {
      if (this.peek() !== C.QUOTE) {
        const got = this.describe();
        return got === undefined ? this.#syntax() : this.#bad(key(), `a list with ${got} in it`);
      }
      const fault = this.string();
      if (fault !== undefined) return this.#stringFault(fault, key());
      this.skipSpace();
      const c = this.next();
      if (c === C.CLOSE_LIST) return undefined;
      if (c !== C.COMMA) return this.#syntax();
      this.skipSpace();
    }
  }

  #bad(key: string, got: string): MetadataFault {
    return { code: 'METADATA_VALUE', key, expected: VALUES, got };
  }

  #stringFault(fault: 'syntax' | 'surrogate', key: string | undefined): MetadataFault {
    if (fault === 'syntax') return this.#syntax();
    return { code: 'METADATA_VALUE', key, expected: 'valid Unicode', got: 'half of a surrogate pair' };
  }

  #notObject(got: string | undefined): MetadataFault {
    return got === undefined ? this.#syntax() : { code: 'METADATA_NOT_OBJECT', expected: OBJECT, got };
  }

  #syntax(): MetadataFault {
    const at = Math.min(this.at, this.end) - this.#start;
    return { code: 'METADATA_NOT_OBJECT', expected: OBJECT, got: `a text that is no JSON at byte ${at}` };
  }
}
