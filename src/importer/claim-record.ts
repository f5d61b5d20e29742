import { createHash } from 'node:crypto';
import { PineloadError } from '../base/errors.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { isObject } from './answers.js';

/**
 * Who may start the import of a directory into an index, and what came of it. Claims are numbered and never deleted: a
 * further attempt is a further record, created only if absent, so that of two processes exactly one makes it. Only the
 * result (`importId` or `released`) is written into an existing record.
 */
export interface ImportClaim {
  readonly format: 'pineload-import-claim';
  readonly version: 1;
  /** 1, 2, … */
  readonly attempt: number;
  /** Random mark of the process that made the claim. */
  readonly owner: string;
  /** The process itself, see processMark. */
  readonly process?: string | undefined;
  readonly manifestSha256: string;
  readonly index: string;
  readonly uri: string;
  /** ISO 8601, when the attempt began. */
  readonly time: string;
  /** Imports of the URI that were there before. */
  readonly known: readonly string[];
  /** Right before, none of the target namespaces existed: what is in them is of this import. */
  readonly fresh?: boolean | undefined;
  /** The import, once it is known. */
  readonly importId?: string | undefined;
  /** The start was sent, its answer lost, and the import not seen: it may yet show up. */
  readonly unanswered?: boolean | undefined;
  /** Why this attempt certainly started nothing. */
  readonly released?: string | undefined;
}

/** A claim is some hundred bytes; `known` may hold a few thousand ids. */
const MAX_CLAIM_BYTES = 256 * 1024;

/** Claims of one index in the state of one import directory. */
export class ClaimBook {
  readonly #state: ObjectStore;
  readonly #prefix: string;

  constructor(state: ObjectStore, index: string) {
    this.#state = state;
    this.#prefix = `import-${fileNameOf(index)}.`;
  }

  /** The claim of the latest attempt; undefined when there was none. @throws STATE_CORRUPT */
  async latest(signal?: AbortSignal): Promise<ImportClaim | undefined> {
    let highest = 0;
    for await (const { key } of this.#state.list(this.#prefix, { signal })) {
      const number = /^(\d{4,9})\.json$/.exec(key.slice(this.#prefix.length))?.[1];
      if (number !== undefined) highest = Math.max(highest, Number(number));
    }
    return highest === 0 ? undefined : this.#read(highest, signal);
  }

  /** Makes a claim. @returns false when another process was first */
  async create(claim: ImportClaim, signal?: AbortSignal): Promise<boolean> {
    try {
      await this.#put(claim, { ifAbsent: true, signal });
      return true;
    } catch (error) {
      if (!(error instanceof PineloadError) || error.code !== 'OBJECT_EXISTS') throw error;
      // The store may have repeated our own request after a lost answer.
      return (await this.#read(claim.attempt, signal)).owner === claim.owner;
    }
  }

  /** Writes the result into a claim. */
  async update(claim: ImportClaim): Promise<void> {
    await this.#put(claim, {});
  }

  async #put(claim: ImportClaim, options: { ifAbsent?: boolean; signal?: AbortSignal | undefined }): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(claim, undefined, 2)}\n`);
    await this.#state.put(this.#key(claim.attempt), bytes, { ...options, contentType: 'application/json' });
  }

  async #read(attempt: number, signal?: AbortSignal): Promise<ImportClaim> {
    const key = this.#key(attempt);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of this.#state.read(key, { signal })) {
      bytes += piece.byteLength;
      if (bytes > MAX_CLAIM_BYTES) break;
      pieces.push(piece);
    }
    const claim = parseClaim(Buffer.concat(pieces).toString('utf8'));
    if (claim === undefined || claim.attempt !== attempt) {
      throw new PineloadError('STATE_CORRUPT', {
        source: this.#state.uri + key,
        message: 'the record of the import cannot be read',
        hint: 'Look with "pineload import list" whether an import of this directory ran; then delete the record.',
      });
    }
    return claim;
  }

  #key(attempt: number): string {
    return `${this.#prefix}${String(attempt).padStart(4, '0')}.json`;
  }
}

function parseClaim(text: string): ImportClaim | undefined {
  let o: unknown;
  try {
    o = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(o) || o['format'] !== 'pineload-import-claim' || o['version'] !== 1) return undefined;
  const texts = ['owner', 'manifestSha256', 'index', 'uri', 'time'];
  if (texts.some((name) => typeof o[name] !== 'string')) return undefined;
  if (typeof o['attempt'] !== 'number' || Number.isNaN(Date.parse(o['time'] as string))) return undefined;
  if (!Array.isArray(o['known']) || !o['known'].every((id) => typeof id === 'string')) return undefined;
  if (['importId', 'released', 'process'].some((name) => o[name] !== undefined && typeof o[name] !== 'string'))
    return undefined;
  if (['fresh', 'unanswered'].some((name) => o[name] !== undefined && typeof o[name] !== 'boolean')) return undefined;
  return o as unknown as ImportClaim;
}

/** Index names are good file names already; a host with a port is not, and gets a digest instead of what is left out. */
function fileNameOf(index: string): string {
  const plain = index
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 80);
  if (plain === index) return plain;
  return `${plain}-${createHash('sha256').update(index).digest('hex').slice(0, 8)}`;
}
