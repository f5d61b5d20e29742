import type { DecodedArray, SchemaTree } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { convertWithDictionary } from 'hyparquet/src/convert.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { getMaxDefinitionLevel } from 'hyparquet/src/schema.js';
import type { ColumnDecoder } from 'hyparquet/src/types.js';

/** One row of a list column: its elements (null where one is NULL), or null for a NULL list. */
export type FloatList = ArrayLike<number | null> | null;

/** Rows of one page; the first may go on where the page before ended. */
interface PageRows {
  readonly continues: boolean;
  readonly rows: FloatList[];
}

/**
 * Gives the rows of a chunk of a LIST<FLOAT> or LIST<DOUBLE> column one by one. Pages, levels and values are decoded by
 * hyparquet; only its last step, which turns every element into an entry of a nested JavaScript array, is replaced here: on
 * 1536 dimensions that step takes ten times the memory and five times the time of all others.
 *
 * @param chunk the column chunk, dictionary page first.
 */
export function* floatLists(chunk: ArrayBuffer, decoder: ColumnDecoder): Generator<FloatList> {
  const reader = { view: new DataView(chunk), offset: 0 };
  let dictionary: DecodedArray | undefined;
  let open: FloatList | undefined;
  while (reader.offset < chunk.byteLength) {
    const header = parquetHeader(reader);
    const bytes = new Uint8Array(chunk, reader.offset, header.compressed_page_size);
    reader.offset += header.compressed_page_size;
    if (header.dictionary_page_header) {
      const page = decompressPage(bytes, header.uncompressed_page_size, decoder.codec, decoder.compressors);
      const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
      dictionary = readPlain({ view, offset: 0 }, decoder.type, header.dictionary_page_header.num_values, undefined);
      continue;
    }
    const { continues, rows } = pageRows(bytes, header, dictionary, decoder);
    if (continues && open !== undefined) rows[0] = join(open, rows[0]!);
    else if (open !== undefined) yield open;
    // The last row may go on in the next page (data pages v1 may end anywhere).
    open = rows.pop();
    yield* rows;
  }
  if (open !== undefined) yield open;
}

function pageRows(
  bytes: Uint8Array,
  header: ReturnType<typeof parquetHeader>,
  dictionary: DecodedArray | undefined,
  decoder: ColumnDecoder,
): PageRows {
  const v1 = header.data_page_header;
  const encoding = (v1 ?? header.data_page_header_v2)?.encoding;
  if (encoding === undefined) throw new Error(`page type ${header.type} is not expected here`);
  const page = v1
    ? readDataPage(
        decompressPage(bytes, header.uncompressed_page_size, decoder.codec, decoder.compressors),
        v1,
        decoder,
      )
    : readDataPageV2(bytes, header, decoder);
  const values = convertWithDictionary(page.dataPage, dictionary, encoding, decoder) as ArrayLike<number>;
  const { definitionLevels, repetitionLevels } = page;
  const rows = definitionLevels?.length
    ? rowsWithNulls(definitionLevels, repetitionLevels, values, decoder.schemaPath)
    : fullRows(repetitionLevels, values);
  return { continues: repetitionLevels[0] !== 0, rows };
}

/** Every element is there: a row is a stretch of the values. Repetition level 0 begins a row (Dremel). */
function fullRows(repetition: readonly number[], values: ArrayLike<number>): FloatList[] {
  const rows: FloatList[] = [];
  let begin = 0;
  for (let i = 1; i <= repetition.length; i++) {
    if (i < repetition.length && repetition[i] !== 0) continue;
    rows.push(stretch(values, begin, i));
    begin = i;
  }
  return rows;
}

/** Definition levels tell a NULL list, an empty list, a NULL element and a value apart. */
function rowsWithNulls(
  definition: readonly number[],
  repetition: readonly number[],
  values: ArrayLike<number>,
  path: readonly SchemaTree[],
): FloatList[] {
  const valueLevel = getMaxDefinitionLevel([...path]);
  const emptyLevel = path[1]!.element.repetition_type === 'OPTIONAL' ? 1 : 0;
  const rows: FloatList[] = [];
  let row: (number | null)[] = [];
  let next = 0;
  for (let i = 0; i < definition.length; i++) {
    const level = definition[i]!;
    if (i === 0 || repetition[i] === 0) {
      row = [];
      rows.push(level < emptyLevel ? null : row);
    }
    if (level === valueLevel) row.push(values[next++]!);
    else if (level > emptyLevel) row.push(null);
  }
  return rows;
}

function stretch(values: ArrayLike<number>, begin: number, end: number): FloatList {
  if (values instanceof Float32Array || values instanceof Float64Array) return values.subarray(begin, end);
  return Array.prototype.slice.call(values, begin, end) as number[];
}

function join(head: FloatList, tail: FloatList): FloatList {
  if (head instanceof Float32Array && tail instanceof Float32Array) {
    const both = new Float32Array(head.length + tail.length);
    both.set(head);
    both.set(tail, head.length);
    return both;
  }
  return [...Array.from(head ?? []), ...Array.from(tail ?? [])];
}
