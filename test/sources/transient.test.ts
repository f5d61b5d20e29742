import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { listSources } from '../../src/sources/list-sources.js';
import { READ_BYTES } from '../../src/sources/local-source.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();

/** What comes, and in how many different buffers. */
async function gatherPieces(pieces: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; buffers: number }> {
  const copies: Buffer[] = [];
  const buffers = new Set<ArrayBufferLike>();
  for await (const piece of pieces) {
    copies.push(Buffer.from(piece));
    buffers.add(piece.buffer);
  }
  return { bytes: Buffer.concat(copies), buffers: buffers.size };
}

describe('bytes of a local file', () => {
  it('come in one buffer for those who use them up at once, in one each for others', async () => {
    const content = Buffer.alloc(3 * READ_BYTES + 17, 'The quick brown fox.\n');
    await writeFile(temp('in.csv'), content);
    const [source] = await listSources([temp('in.csv')], { openStore: () => Promise.reject(new Error('no store')) });
    const kept = await gatherPieces(source!.open());
    const transient = await gatherPieces(source!.open({ transient: true }));
    const range = await gatherPieces(source!.openRange!(5, 2 * READ_BYTES, { transient: true }));
    expect(kept.bytes.equals(content)).toBe(true);
    expect(transient.bytes.equals(content)).toBe(true);
    expect(range.bytes.equals(content.subarray(5, 2 * READ_BYTES))).toBe(true);
    expect(kept.buffers).toBeGreaterThanOrEqual(4);
    expect([transient.buffers, range.buffers]).toEqual([1, 1]);
  });
});
