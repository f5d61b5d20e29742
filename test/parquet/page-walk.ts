import parquetTypes from '@dsnp/parquetjs/dist/gen-nodejs/parquet_types.js';
import { decodeThrift } from '@dsnp/parquetjs/dist/lib/util.js';
import { snappyUncompress } from 'hyparquet';
import { footerOf } from './harness.js';

interface PageHeader {
  readonly compressed_page_size: number;
  readonly uncompressed_page_size: number;
  readonly data_page_header: { readonly num_values: number };
}
const { PageHeader } = parquetTypes as unknown as { PageHeader: new () => PageHeader };

/** Values of the RLE / bit-packed hybrid, decoded as Encodings.md describes it; independent of the encoder under test. */
export function decodeHybrid(bytes: Uint8Array, bitWidth: number, count: number): number[] {
  const values: number[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const header = varint();
    if (header % 2 === 0) {
      const value = bytes[at++];
      for (let i = 0; i < header / 2; i++) values.push(value);
    } else {
      const groups = (header - 1) / 2;
      for (let i = 0; i < groups * 8; i++) {
        let value = 0;
        for (let b = 0; b < bitWidth; b++) {
          const bit = i * bitWidth + b;
          value |= ((bytes[at + (bit >> 3)] >> (bit & 7)) & 1) << b;
        }
        values.push(value);
      }
      at += groups * bitWidth;
    }
  }
  if (values.length < count || values.length > count + 7)
    throw new Error(`${values.length} values instead of ${count}`);
  return values.slice(0, count);
}

export interface WalkedPage {
  readonly headerBytes: number;
  readonly compressed: number;
  readonly uncompressed: number;
  readonly levelCount: number;
  /** Levels and values, decompressed. */
  readonly body: Uint8Array;
}

export interface WalkedChunk {
  readonly path: string;
  readonly meta: NonNullable<ReturnType<typeof footerOf>['row_groups'][number]['columns'][number]['meta_data']>;
  readonly pages: WalkedPage[];
}

/** Follows every page header of a file, from the footer's offsets on, with parquetjs' own Thrift decoder. */
export function walkPages(file: Uint8Array): WalkedChunk[][] {
  return footerOf(file).row_groups.map((group) =>
    group.columns.map(({ meta_data: meta }) => {
      if (meta === undefined) throw new Error('no metadata');
      let at = Number(meta.data_page_offset);
      const end = at + Number(meta.total_compressed_size);
      const pages: WalkedPage[] = [];
      while (at < end) {
        const header = new PageHeader();
        const headerBytes = decodeThrift(header as never, Buffer.from(file), at);
        const stored = file.subarray(at + headerBytes, at + headerBytes + header.compressed_page_size);
        const body = new Uint8Array(header.uncompressed_page_size as number);
        if (meta.codec === 'SNAPPY') snappyUncompress(stored, body);
        else body.set(stored);
        pages.push({
          headerBytes,
          compressed: header.compressed_page_size,
          uncompressed: header.uncompressed_page_size,
          levelCount: header.data_page_header.num_values,
          body,
        });
        at += headerBytes + stored.length;
      }
      if (at !== end) throw new Error('the last page ends behind its chunk');
      return { path: meta.path_in_schema.join('.'), meta, pages };
    }),
  );
}
