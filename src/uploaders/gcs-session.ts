import { PineloadError } from '../base/errors.js';
import { pauseBeforeRetry } from './pause.js';
import type { Part } from './part-writer.js';

/** Sends one request to an upload session and gives the answer, whatever its status. */
export type SessionSend = (request: {
  /** PUT unless said. */
  readonly method?: 'PUT' | 'DELETE' | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly signal: AbortSignal;
}) => Promise<{ readonly status: number; readonly range: string | undefined; readonly text: string }>;

/** What GCS tells of a finished object. https://cloud.google.com/storage/docs/json_api/v1/objects */
export interface GcsResource {
  readonly size?: string | number | undefined;
  readonly generation?: string | number | undefined;
  readonly crc32c?: string | undefined;
}

/** A status that may be another one when asked again. */
const isTemporary = (status: number) => status === 408 || status === 429 || status >= 500;

/**
 * The sending side of a GCS resumable upload: chunks in order, and after every failure the question how far the server got.
 * https://cloud.google.com/storage/docs/performing-resumable-uploads
 *
 * The SDK's own upload stream counts its tries and its ten minutes over the whole object, so that a slow conversion of a large
 * file fails at its first hiccup; here they count per chunk. The session's address is a secret: whoever has it can write.
 */
export class GcsSession {
  constructor(
    private readonly send: SessionSend,
    private readonly tries: number,
    private readonly fail: (status: number, text: string) => PineloadError,
    private readonly explain: (error: unknown) => PineloadError,
  ) {}

  /** Sends one chunk whole. Resolves to the object once the last one is stored. `crc32c` is the whole object's, in base64. */
  async part(
    { offset, bytes, last }: Pick<Part, 'offset' | 'bytes' | 'last'>,
    signal: AbortSignal,
    crc32c?: string,
  ): Promise<GcsResource | undefined> {
    const end = offset + bytes.length;
    const total = last ? String(end) : '*';
    let at = offset;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.send({
          headers: {
            // Nothing more to send, only the end to tell: the server knows all bytes, but not that these were all.
            'Content-Range': at === end ? `bytes */${total}` : `bytes ${at}-${end - 1}/${total}`,
            ...(last && crc32c !== undefined ? { 'X-Goog-Hash': `crc32c=${crc32c}` } : {}),
          },
          body: bytes.subarray(at - offset),
          signal,
        });
        if (last && (answer.status === 200 || answer.status === 201)) return JSON.parse(answer.text) as GcsResource;
        if (answer.status === 308 && !last && stored(answer.range) === end) return undefined;
        if (answer.status !== 308 && !isTemporary(answer.status)) throw this.fail(answer.status, answer.text);
        if (attempt >= this.tries) throw this.fail(answer.status, answer.text);
      } catch (error) {
        const explained = this.explain(error);
        if (signal.aborted || !explained.retryable || attempt >= this.tries) throw explained;
      }
      await pauseBeforeRetry(attempt, signal);
      const reached = await this.reached(total, signal);
      if (typeof reached === 'object') return reached;
      if (reached === undefined) continue;
      if (!last && reached === end) return undefined;
      if (reached < offset || reached > end) {
        throw new PineloadError('STORE_TEMPORARY', { message: 'the upload session lost what was sent before' });
      }
      if (reached > at) attempt = 1;
      at = reached;
    }
  }

  /** How many bytes the server holds; the object if it has all of it; undefined when it did not answer. */
  async reached(total: string, signal: AbortSignal): Promise<number | GcsResource | undefined> {
    try {
      const answer = await this.send({ headers: { 'Content-Range': `bytes */${total}` }, body: undefined, signal });
      if (answer.status === 308) return stored(answer.range);
      if (answer.status === 200 || answer.status === 201) return JSON.parse(answer.text) as GcsResource;
      if (isTemporary(answer.status)) return undefined;
      throw this.fail(answer.status, answer.text);
    } catch (error) {
      const explained = this.explain(error);
      if (signal.aborted || !explained.retryable) throw explained;
      return undefined;
    }
  }
}

/** `Range: bytes=0-41` tells that 42 bytes are stored; without it, none. */
function stored(range: string | undefined): number {
  const last = /-(\d+)$/.exec(range ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}
