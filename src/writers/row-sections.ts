import { bytesOf } from '../parquet/pieces.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import type { VectorKind } from '../records/batch.js';

/** Columns as bytes in a fixed order, which is how they are spilled: ids, dense values, sparse vectors, metadata. */
export const SECTION_COUNT = 8;
/** Sections with one byte a row, empty when every row is present. */
export const VALIDITY_SECTIONS: readonly number[] = [5, 7];

/** Each section in pieces that follow one another. */
export function toSections(columns: RowGroupColumns): readonly (readonly Uint8Array[])[] {
  const { ids, values, sparse, metadata } = columns;
  return [
    [ids.plain],
    values === undefined ? [] : bytesOf(values),
    sparse === undefined ? [] : bytesOf(sparse.lengths),
    sparse === undefined ? [] : bytesOf(sparse.indices),
    sparse === undefined ? [] : bytesOf(sparse.values),
    sparse?.validity === undefined ? [] : [sparse.validity],
    [metadata.plain],
    metadata.validity === undefined ? [] : [metadata.validity],
  ];
}

export function sectionBytes(section: readonly Uint8Array[]): number {
  return section.reduce((sum, piece) => sum + piece.length, 0);
}

/** The way back. Each section must begin on a multiple of four bytes of its buffer. */
export function fromSections(sections: readonly Uint8Array[], rows: number, kind: VectorKind): RowGroupColumns {
  const validity = (section: Uint8Array): Uint8Array | undefined => (section.length === 0 ? undefined : section);
  const floats = (s: Uint8Array): Float32Array => new Float32Array(s.buffer, s.byteOffset, s.length / 4);
  const integers = (s: Uint8Array): Uint32Array => new Uint32Array(s.buffer, s.byteOffset, s.length / 4);
  return {
    rows,
    ids: { plain: sections[0]! },
    values: kind === 'sparse' ? undefined : floats(sections[1]!),
    sparse:
      kind === 'dense'
        ? undefined
        : {
            lengths: integers(sections[2]!),
            indices: integers(sections[3]!),
            values: floats(sections[4]!),
            validity: validity(sections[5]!),
          },
    metadata: { plain: sections[6]!, validity: validity(sections[7]!) },
  };
}
