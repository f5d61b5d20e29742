import parquet from '@dsnp/parquetjs';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTempDir } from '../support/temp-dir.js';
import { counted, report } from './support.js';

const temp = useTempDir();

/** Spark and others wrote lists like these before there was one form (parquet-format, LogicalTypes.md, "Lists"). */
const SHAPES: [string, object, (vector: number[]) => unknown, Record<string, number>][] = [
  [
    'two levels',
    { type: 'LIST', fields: { array: { type: 'FLOAT', repeated: true } } },
    (v) => ({ array: v }),
    { SCHEMA_LIST_SHAPE: 1 },
  ],
  [
    'two levels, optional',
    { type: 'LIST', optional: true, fields: { item: { type: 'FLOAT', repeated: true } } },
    (v) => ({ item: v }),
    { SCHEMA_LIST_SHAPE: 1 },
  ],
  ['a repeated field', { type: 'FLOAT', repeated: true }, (v) => v, { SCHEMA_LIST_SHAPE: 1 }],
  [
    'three levels by the names of Spark',
    {
      type: 'LIST',
      optional: true,
      fields: { bag: { repeated: true, fields: { array_element: { type: 'FLOAT', optional: true } } } },
    },
    (v) => ({ bag: v.map((number) => ({ array_element: number })) }),
    {},
  ],
  [
    'three levels, required',
    { type: 'LIST', fields: { list: { repeated: true, fields: { element: { type: 'FLOAT' } } } } },
    (v) => ({ list: v.map((number) => ({ element: number })) }),
    {},
  ],
];

describe('lists of other shapes', () => {
  it.each(SHAPES)('%s', async (name, values, shape, expected) => {
    for (const useDataPageV2 of [false, true]) {
      const root = temp(`${name}-${useDataPageV2}`);
      mkdirSync(join(root, 'ns'), { recursive: true });
      const schema = new parquet.ParquetSchema({ id: { type: 'UTF8' }, values } as never);
      const writer = await parquet.ParquetWriter.openFile(schema, join(root, 'ns/0.parquet'), { useDataPageV2 });
      for (let i = 0; i < 50; i++)
        await writer.appendRow({ id: `r${i}`, values: shape(i === 7 ? [1, 2] : [i + 1, 2, 3]) } as never);
      await writer.close();
      const result = await report(root);
      expect(result).toMatchObject({ dimension: 3, recordsChecked: 50, rejected: 1 });
      expect(counted(result)).toEqual({
        ...expected,
        VALUES_DIMENSION: 1,
        ...(useDataPageV2 ? { FILE_PAGE_V2_UNPROVEN: 1 } : {}),
      });
      expect(result.findings[0]).toMatchObject({ code: 'VALUES_DIMENSION', row: 7, id: 'r7', got: '2 numbers' });
    }
  });
});
