import type { Transform } from 'node:stream';

/** What is left to say when a transform has given its last byte. */
export interface TransformEnd {
  /** Bytes that were taken from the input. */
  readonly fed: number;
}

/**
 * Runs bytes through a Node stream with back-pressure: no more is read while the transform is full. An error of the input
 * or of the transform comes out of the loop. When the caller leaves early, `stop` is called, so that a read under way
 * (standard input, a socket) gives up, and the input is closed before the loop is left.
 */
export async function* throughTransform(
  input: AsyncIterable<Uint8Array>,
  transform: Transform & { readonly bytesWritten: number },
  stop: () => void,
): AsyncGenerator<Uint8Array, TransformEnd> {
  let fed = 0;
  let ended = false;
  const pump = async (): Promise<void> => {
    for await (const bytes of input) {
      fed += bytes.length;
      // The format's own end was met and there is more: the caller will see it by `fed`, reading on is of no use.
      if (ended || transform.destroyed) return;
      if (!transform.write(bytes)) await writable(transform);
    }
    transform.end();
  };
  let failure: { readonly error: unknown } | undefined;
  const pumped = pump().catch((error: unknown) => {
    failure = { error };
    transform.destroy();
  });
  let complete = false;
  try {
    for await (const bytes of transform) yield bytes as Uint8Array;
    ended = true;
    complete = true;
  } catch (error) {
    // A destroyed transform ends its loop with "premature close"; what the input said is the reason.
    complete = failure !== undefined;
    if (failure === undefined) throw error;
  } finally {
    transform.destroy();
    if (!complete) stop();
    await pumped;
  }
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
  return { fed };
}

/** Resolves when the transform takes more, or never will. */
function writable(transform: Transform): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      transform.off('drain', done);
      transform.off('close', done);
      resolve();
    };
    transform.once('drain', done);
    transform.once('close', done);
    if (transform.destroyed) done();
  });
}
