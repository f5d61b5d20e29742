/**
 * The body of an answer as text, undefined when it is longer than `maxBytes` (decompressed): what the other side sends
 * must not decide how much memory is taken. The rest of a longer body is not read.
 */
export async function readBoundedText(response: Response, maxBytes: number): Promise<string | undefined> {
  if (response.body === null) return '';
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel().catch(() => undefined);
      return undefined;
    }
    pieces.push(value);
  }
  return Buffer.concat(pieces, bytes).toString('utf8');
}
