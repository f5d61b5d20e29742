import type { RowGroupColumns } from '../parquet/row-group.js';
import type { VectorKind } from '../records/batch.js';
import { SECTION_COUNT, VALIDITY_SECTIONS, fromSections, sectionBytes, toSections } from './row-sections.js';
import type { SpillFile } from '../base/spill-file.js';

/** Block header: offset and length of the block before, rows, length of each section; all float64. */
const HEADER_NUMBERS = 3 + SECTION_COUNT;
const HEADER_BYTES = HEADER_NUMBERS * 8;

/**
 * Rows of one row group in the spill file: a chain of blocks, each of which knows the one before it. Memory holds the last
 * block's place and the sums alone, however many blocks there are.
 */
export class SpilledRows {
  private rows = 0;
  private readonly sizes = new Array<number>(SECTION_COUNT).fill(0);
  private lastOffset = 0;
  private lastLength = 0;

  constructor(
    private readonly file: SpillFile,
    private readonly kind: VectorKind,
  ) {}

  /** Appends rows; the columns must not change until the file is flushed. Returns the bytes they take. */
  async add(columns: RowGroupColumns): Promise<number> {
    const sections = toSections(columns);
    const lengths = sections.map(sectionBytes);
    const header = Float64Array.of(this.lastOffset, this.lastLength, columns.rows, ...lengths);
    let length = HEADER_BYTES;
    lengths.forEach((bytes, i) => {
      length += bytes;
      this.sizes[i]! += bytes;
    });
    this.lastOffset = await this.file.append([new Uint8Array(header.buffer), ...sections.flat()]);
    this.lastLength = length;
    this.rows += columns.rows;
    return length;
  }

  /** All rows in order, `tail` after the spilled ones. To be called once, after a flush. */
  async load(tail: RowGroupColumns | undefined): Promise<RowGroupColumns> {
    const rows = this.rows + (tail?.rows ?? 0);
    const tailSections = tail === undefined ? undefined : toSections(tail);
    const whole = this.sizes.map((size, i) => {
      const total = size + (tailSections === undefined ? 0 : sectionBytes(tailSections[i]!));
      // A block without nulls brings no validity; its rows count as present.
      if (VALIDITY_SECTIONS.includes(i)) return new Uint8Array(total > 0 ? rows : 0).fill(1);
      return new Uint8Array(total);
    });

    const ends = whole.map((section) => section.length);
    let rowEnd = rows;
    const prepend = (sections: readonly (readonly Uint8Array[])[], count: number): void => {
      sections.forEach((section, i) => {
        const isValidity = VALIDITY_SECTIONS.includes(i);
        if (!isValidity) ends[i]! -= sectionBytes(section);
        let at = isValidity ? rowEnd - count : ends[i]!;
        for (const piece of section) {
          if (piece.length === 0) continue;
          whole[i]!.set(piece, at);
          at += piece.length;
        }
      });
      rowEnd -= count;
    };

    if (tail !== undefined) prepend(tailSections!, tail.rows);
    let offset = this.lastOffset;
    let length = this.lastLength;
    while (length > 0) {
      const block = await this.file.read(offset, length);
      const header = new Float64Array(block.buffer, block.byteOffset, HEADER_NUMBERS);
      let at = HEADER_BYTES;
      const sections: Uint8Array[][] = [];
      for (let i = 0; i < SECTION_COUNT; i++) {
        sections.push([block.subarray(at, at + header[3 + i]!)]);
        at += header[3 + i]!;
      }
      prepend(sections, header[2]!);
      offset = header[0]!;
      length = header[1]!;
    }
    return fromSections(whole, rows, this.kind);
  }
}
