/**
 * Parquet's RLE / bit-packed hybrid (parquet-format, Encodings.md, "RLE = 3"), fed with runs of equal values.
 *
 * A run is either `varint(count << 1)` and the value in one byte (widths up to 8), or `varint(groups << 1 | 1)` and groups
 * of eight values, packed from the least significant bit on. Runs of eight or more go out as RLE, shorter ones are packed.
 */
export class HybridEncoder {
  private out = new Uint8Array(64);
  private length = 0;
  private runValue = 0;
  private runCount = 0;
  /** Values of a group of eight that is not full yet. */
  private group = 0;
  private groupCount = 0;
  /** Where the header of the open bit-packed run stands; -1 when there is none. */
  private packedHeader = -1;
  private packedGroups = 0;

  /** @param bitWidth 1 to 4: eight values fit into 32 bits. */
  constructor(private readonly bitWidth: 1 | 2 | 3 | 4) {}

  /** `value` comes `count` times. */
  push(value: number, count: number): void {
    if (count === 0) return;
    if (this.runCount > 0) {
      if (value === this.runValue) {
        this.runCount += count;
        return;
      }
      this.settle();
    }
    this.runValue = value;
    this.runCount = count;
  }

  /** The encoded bytes; the encoder is spent afterwards. A last group of fewer than eight values is filled up with zeros. */
  finish(): Uint8Array {
    this.settle();
    if (this.groupCount > 0) this.closeGroup();
    this.closePacked();
    return this.out.subarray(0, this.length);
  }

  private settle(): void {
    if (this.groupCount > 0) this.pack(Math.min(8 - this.groupCount, this.runCount));
    if (this.runCount >= 8) {
      this.closePacked();
      this.varint(this.runCount * 2);
      this.byte(this.runValue);
      this.runCount = 0;
    } else if (this.runCount > 0) {
      this.pack(this.runCount);
    }
  }

  private pack(count: number): void {
    for (let i = 0; i < count; i++) this.group |= this.runValue << (this.bitWidth * (this.groupCount + i));
    this.groupCount += count;
    this.runCount -= count;
    if (this.groupCount === 8) this.closeGroup();
  }

  private closeGroup(): void {
    // The header is one byte, so a bit-packed run ends at 63 groups and the next one begins.
    if (this.packedGroups === 63) this.closePacked();
    if (this.packedHeader < 0) {
      this.packedHeader = this.length;
      this.byte(0);
    }
    for (let shift = 0; shift < 8 * this.bitWidth; shift += 8) this.byte((this.group >>> shift) & 0xff);
    this.packedGroups++;
    this.group = 0;
    this.groupCount = 0;
  }

  private closePacked(): void {
    if (this.packedHeader < 0) return;
    this.out[this.packedHeader] = (this.packedGroups << 1) | 1;
    this.packedHeader = -1;
    this.packedGroups = 0;
  }

  private varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  private byte(value: number): void {
    if (this.length === this.out.length) {
      const larger = new Uint8Array(this.out.length * 2);
      larger.set(this.out);
      this.out = larger;
    }
    this.out[this.length++] = value;
  }
}
