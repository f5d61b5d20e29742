import { createHash } from 'node:crypto';

/** Further checksums of a file as the store that took it computed them, in lower-case hex. */
export interface FileChecksums {
  readonly crc64nvme?: string | undefined;
  readonly crc32c?: string | undefined;
}

/** Where the bytes of a file go. An `ObjectWriter` is one. */
export interface ByteSink {
  /** Resolves when it can take more; the bytes must not change until then, and may afterwards. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when the file is there, with its size as the store tells it. */
  close(): Promise<{ readonly bytes: number; readonly checksums?: FileChecksums | undefined }>;
  /** Drops what was written. Never throws. */
  abort(): Promise<void>;
}

/** Sections from this size on go to the sink as they are; smaller ones are gathered. */
const PASS_THROUGH_BYTES = 64 * 1024;
/** Buffers for gathering that wait for the next file, at most: some thousand small files take the same few. */
const MAX_FREE_BUFFERS = 64;
const freeBuffers: Uint8Array[] = [];
const NOTHING = new Uint8Array(0);

/**
 * Joins the many small sections of a file (headers, levels) into fair-sized writes, lets large ones through uncopied, and
 * takes the checksum on the way.
 */
export class SectionSink {
  private readonly hash = createHash('sha256');
  private gathered: Uint8Array = NOTHING;
  private gatheredLength = 0;
  private written = 0;

  constructor(private readonly sink: ByteSink) {}

  /** Bytes appended so far. */
  get bytes(): number {
    return this.written + this.gatheredLength;
  }

  /** A promise only when something had to be written. */
  append(section: Uint8Array): Promise<void> | undefined {
    if (section.length >= PASS_THROUGH_BYTES) return this.passThrough(section);
    if (this.gatheredLength + section.length > this.gathered.length) {
      if (this.gatheredLength + section.length > PASS_THROUGH_BYTES) {
        return this.flush().then(() => this.append(section));
      }
      this.gathered = freeBuffers.pop() ?? new Uint8Array(PASS_THROUGH_BYTES);
    }
    this.gathered.set(section, this.gatheredLength);
    this.gatheredLength += section.length;
    return undefined;
  }

  /** Writes what was gathered. */
  async flush(): Promise<void> {
    if (this.gatheredLength === 0) return;
    const { gathered } = this;
    const bytes = gathered.subarray(0, this.gatheredLength);
    // The sink owns those bytes until it has taken them.
    this.gathered = NOTHING;
    this.gatheredLength = 0;
    await this.emit(bytes);
    if (freeBuffers.length < MAX_FREE_BUFFERS) freeBuffers.push(gathered);
  }

  /** Lower-case hex of everything written. To be called once, at the end. */
  digest(): string {
    return this.hash.digest('hex');
  }

  private async passThrough(section: Uint8Array): Promise<void> {
    await this.flush();
    await this.emit(section);
  }

  private async emit(bytes: Uint8Array): Promise<void> {
    this.written += bytes.length;
    const written = this.sink.write(bytes);
    // Meanwhile; if it throws, nobody is left to hear of the write.
    written.catch(() => undefined);
    this.hash.update(bytes);
    await written;
  }
}
