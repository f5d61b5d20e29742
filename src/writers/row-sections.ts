import { bytesOf } from '../parquet/pieces.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import type { VectorKind } from '../records/batch.js';

/**
 * Columns as bytes in a fixed order, which is how they wait in blocks: those of four bytes a number first, so that they lie on multiples of
 * four, then texts, then what has one byte a row.
 */
export const SECTIONS = {
  values: 0,
  sparseLengths: 1,
  sparseIndices: 2,
  sparseValues: 3,
  ids: 4,
  metadata: 5,
  sparseValidity: 6,
  metadataValidity: 7,
} as const;

export const SECTION_COUNT = 8;

/** A section with one byte a row, empty when every row is present. */
export const isValidity = (section: number): boolean => section >= SECTIONS.sparseValidity;

/** Each section in pieces that follow one another. */
export function toSections(columns: RowGroupColumns): readonly (readonly Uint8Array[])[] {
  const { ids, values, sparse, metadata } = columns;
  return [
    values === undefined ? [] : bytesOf(values),
    sparse === undefined ? [] : bytesOf(sparse.lengths),
    sparse === undefined ? [] : bytesOf(sparse.indices),
    sparse === undefined ? [] : bytesOf(sparse.values),
    [ids.plain],
    [metadata.plain],
    sparse?.validity === undefined ? [] : [sparse.validity],
    metadata.validity === undefined ? [] : [metadata.validity],
  ];
}

/** The way back, of sections that follow one another in `memory`. */
export function fromSections(
  memory: ArrayBufferLike,
  lengths: readonly number[],
  rows: number,
  kind: VectorKind,
): RowGroupColumns {
  let end = 0;
  const [values, sparseLengths, sparseIndices, sparseValues, ids, metadata, sparseValidity, metadataValidity] =
    lengths.map((length) => ({ at: (end += length) - length, length })) as Sections;
  const bytes = ({ at, length }: Section): Uint8Array => new Uint8Array(memory, at, length);
  const floats = ({ at, length }: Section): Float32Array => new Float32Array(memory, at, length / 4);
  const integers = ({ at, length }: Section): Uint32Array => new Uint32Array(memory, at, length / 4);
  const validity = (section: Section): Uint8Array | undefined => (section.length === 0 ? undefined : bytes(section));
  return {
    rows,
    ids: { plain: bytes(ids) },
    values: kind === 'sparse' ? undefined : floats(values),
    sparse:
      kind === 'dense'
        ? undefined
        : {
            lengths: integers(sparseLengths),
            indices: integers(sparseIndices),
            values: floats(sparseValues),
            validity: validity(sparseValidity),
          },
    metadata: { plain: bytes(metadata), validity: validity(metadataValidity) },
  };
}

interface Section {
  readonly at: number;
  readonly length: number;
}

type Sections = [Section, Section, Section, Section, Section, Section, Section, Section];
