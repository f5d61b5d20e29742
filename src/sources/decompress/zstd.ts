import { Decompress } from 'fzstd';
import { PineloadError } from '../../base/errors.js';
import { ByteQueue } from './byte-queue.js';
import { corrupt } from './corrupt.js';
import { createNativeZstd } from './native-zstd.js';
import { throughTransform } from './through-transform.js';
import { Xxh64 } from './xxh64.js';
import {
  BLOCK_HEADER_BYTES,
  CHECKSUM_BYTES,
  frameHeaderBytes,
  isSkippable,
  MAX_BLOCK_BYTES,
  readBlockHeader,
  readFrameHeader,
  ZSTD_MAGIC,
  type FrameHeader,
} from './zstd-frames.js';

/** Largest window taken: what `zstd` itself decompresses without `--long=28` or more. The window is held in memory. */
export const MAX_ZSTD_WINDOW_BYTES = 128 * 1024 * 1024;

/** A frame that states less content than this goes to fzstd: Node's decoder takes longer to set up than that takes. */
const MIN_NATIVE_BYTES = 64 * 1024;

/**
 * Undoes Zstandard (RFC 8878): every frame, skippable frames passed over.
 *
 * The frames are walked here: each length, content size and checksum is checked, so that nothing cut off, left over or
 * altered goes by unseen. What a frame holds is undone by Node's own decoder, where it has one (from 22.15 on; some of them stop after
 * the first of several frames, so each gets its own), else by fzstd, which is slower and on its own looks at none of these.
 */
export async function* unzstd(
  input: AsyncIterable<Uint8Array>,
  source: string,
  stop: () => void,
): AsyncGenerator<Uint8Array> {
  const queue = new ByteQueue(input);
  let complete = false;
  try {
    let frames = 0;
    for (;;) {
      const start = queue.position;
      const magic = await queue.peek(4);
      if (magic.length === 0 && frames > 0) break;
      if (magic.length < 4) throw corrupt(source, 'the zstd data is cut off', start + magic.length);
      const number = new DataView(magic.buffer, magic.byteOffset, 4).getUint32(0, true);
      if (number === ZSTD_MAGIC) yield* undoFrame(queue, source);
      else if (isSkippable(number)) await skipFrame(queue, source);
      else if (frames > 0) throw corrupt(source, 'other bytes follow the end of the zstd data', start);
      else throw corrupt(source, 'this is no zstd data', start);
      frames++;
    }
    complete = true;
  } finally {
    if (!complete) stop();
    await queue.close();
  }
}

async function skipFrame(queue: ByteQueue, source: string): Promise<void> {
  const start = queue.position;
  const header = await queue.take(8);
  const size = header && new DataView(header.buffer, header.byteOffset, 8).getUint32(4, true);
  if (size === undefined || !(await queue.skip(size))) {
    throw corrupt(source, `the zstd data is cut off in the frame that begins at byte ${start}`, queue.position);
  }
}

async function* undoFrame(queue: ByteQueue, source: string): AsyncGenerator<Uint8Array> {
  const start = queue.position;
  const cutOff = (): PineloadError =>
    corrupt(source, `the zstd data is cut off in the frame that begins at byte ${start}`, queue.position);

  const { header, bytes: headerBytes } = await takeFrameHeader(queue, source, cutOff);
  const native = (header.contentBytes ?? Infinity) < MIN_NATIVE_BYTES ? undefined : createNativeZstd();
  if (native !== undefined) {
    try {
      yield* throughTransform(framePieces(queue, source, header, headerBytes, cutOff), native, () => undefined);
    } catch (error) {
      if (error instanceof PineloadError) throw error;
      throw corrupt(source, 'the zstd data is damaged', queue.position, error);
    }
    return;
  }
  const checksum = header.hasChecksum ? new Xxh64() : undefined;
  const decoder = new BlockDecoder(headerBytes);
  let given = 0;
  for (let last = false; !last;) {
    const at = queue.position;
    const block = await takeBlock(queue, source, header, cutOff);
    last = block.last;
    for (const content of decoder.push(block.stored, last, source, at)) {
      checksum?.update(content);
      given += content.length;
      if (content.length > 0) yield content;
    }
  }
  if (header.contentBytes !== undefined && header.contentBytes !== given) {
    const what = `the zstd data is damaged: a frame states ${header.contentBytes} bytes and holds ${given}`;
    throw corrupt(source, what, queue.position);
  }
  if (checksum !== undefined) {
    const at = queue.position;
    const stored = await queue.take(CHECKSUM_BYTES);
    if (stored === undefined) throw cutOff();
    if (new DataView(stored.buffer, stored.byteOffset, 4).getUint32(0, true) !== checksum.digestLow32()) {
      throw corrupt(source, 'the zstd data is damaged: the checksum of a frame does not match', at);
    }
  }
}

/** The next block, its header included. */
async function takeBlock(
  queue: ByteQueue,
  source: string,
  { windowBytes }: FrameHeader,
  cutOff: () => PineloadError,
): Promise<{ readonly last: boolean; readonly stored: Uint8Array }> {
  const at = queue.position;
  const head = await queue.peek(BLOCK_HEADER_BYTES);
  if (head.length < BLOCK_HEADER_BYTES) throw cutOff();
  const block = readBlockHeader(head);
  const maxBlock = Math.min(windowBytes, MAX_BLOCK_BYTES);
  if (block.type === 'reserved' || Math.max(block.storedBytes, block.contentBytes ?? 0) > maxBlock) {
    throw corrupt(source, 'the zstd data is damaged: there is no such block', at);
  }
  const stored = await queue.take(BLOCK_HEADER_BYTES + block.storedBytes);
  if (stored === undefined) throw cutOff();
  return { last: block.last, stored };
}

/** All of a frame as it is stored, so that its decoder gets neither less nor more. */
async function* framePieces(
  queue: ByteQueue,
  source: string,
  header: FrameHeader,
  headerBytes: Uint8Array,
  cutOff: () => PineloadError,
): AsyncGenerator<Uint8Array> {
  yield headerBytes;
  for (let last = false; !last;) {
    const block = await takeBlock(queue, source, header, cutOff);
    last = block.last;
    yield block.stored;
  }
  if (!header.hasChecksum) return;
  const checksum = await queue.take(CHECKSUM_BYTES);
  if (checksum === undefined) throw cutOff();
  yield checksum;
}

async function takeFrameHeader(
  queue: ByteQueue,
  source: string,
  cutOff: () => PineloadError,
): Promise<{ header: FrameHeader; bytes: Uint8Array }> {
  const at = queue.position;
  const first = await queue.peek(5);
  if (first.length < 5) throw cutOff();
  const bytes = await queue.take(frameHeaderBytes(first[4]!));
  if (bytes === undefined) throw cutOff();
  const header = readFrameHeader(bytes);
  if (header === undefined) throw corrupt(source, 'the zstd data is damaged: a reserved bit is set', at);
  if (header.dictionaryId !== 0) {
    throw new PineloadError('INPUT_UNREADABLE', {
      source,
      message: 'this zstd data needs a dictionary',
      got: `dictionary ${header.dictionaryId}`,
      hint: 'Compress the file without a dictionary.',
    });
  }
  if (header.windowBytes > MAX_ZSTD_WINDOW_BYTES) {
    throw new PineloadError('INPUT_UNREADABLE', {
      source,
      message: 'this zstd data needs too much memory',
      expected: `a window of at most ${MAX_ZSTD_WINDOW_BYTES} bytes`,
      got: `${header.windowBytes} bytes`,
      hint: 'Compress the file without --long, or with --long=27 at most.',
    });
  }
  return { header, bytes };
}

/** The blocks of one frame, undone by fzstd. */
class BlockDecoder {
  #out: Uint8Array[] = [];
  #header: Uint8Array | undefined;
  readonly #decoder = new Decompress((bytes) => {
    this.#out.push(bytes);
  });

  constructor(header: Uint8Array) {
    this.#header = Uint8Array.from(header);
    // The checksum is verified by the caller; without the flag fzstd does not wait for it.
    this.#header[4]! &= ~0x04;
  }

  push(block: Uint8Array, last: boolean, source: string, position: number): Uint8Array[] {
    this.#out = [];
    try {
      if (this.#header !== undefined) {
        this.#decoder.push(this.#header);
        this.#header = undefined;
      }
      // In two pieces: fzstd 0.1.1 keeps a view of every block that came in one piece as long as the frame lasts, and
      // drops what it kept when a block comes in several. A frame may be as large as its file.
      this.#decoder.push(block.subarray(0, -1));
      this.#decoder.push(block.subarray(-1), last);
    } catch (error) {
      throw corrupt(source, 'the zstd data is damaged', position, error);
    }
    return this.#out;
  }
}
