import { abortError, throwIfAborted } from '../base/abort.js';
import { decompress, decompressByMagic } from './decompress/decompress.js';
import type { Compression, OpenSourceOptions } from './source.js';

/** What is common to all kinds of sources: counting, stopping, decompressing. */
export interface BytesOptions extends OpenSourceOptions {
  readonly name: string;
  /** `auto`: the first bytes tell. */
  readonly compression: Compression | 'auto';
  /** Told what `auto` came to. */
  readonly onCompression?: ((compression: Compression) => void) | undefined;
}

/**
 * The decompressed bytes of an input. `read` gives the stored bytes; its signal fires when the caller's does and when the
 * caller leaves early, so that a read that waits for more (standard input, a socket) never keeps anything open.
 */
export async function* openBytes(
  read: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  options: BytesOptions,
): AsyncGenerator<Uint8Array> {
  const { name, compression, signal, onRead } = options;
  throwIfAborted(signal);
  const inner = new AbortController();
  const stop = (): void => inner.abort();
  const forward = (): void => inner.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  const stored = async function* (): AsyncGenerator<Uint8Array> {
    for await (const bytes of read(inner.signal)) {
      throwIfAborted(signal);
      onRead?.(bytes.length);
      yield bytes;
    }
  };
  try {
    const found = options.onCompression ?? ((): void => undefined);
    yield* compression === 'auto'
      ? decompressByMagic(stored(), name, stop, found)
      : decompress(stored(), compression, name, stop);
  } catch (error) {
    // Whatever a stopped read throws (AbortError, premature close): the caller's signal is the reason.
    if (signal?.aborted) throw abortError(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', forward);
  }
}
