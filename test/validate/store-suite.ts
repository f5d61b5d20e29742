import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../src/pipeline/inspect.js';
import { openWithAccess, type StoreAccess } from '../../src/pipeline/stores.js';
import { useTempDir } from '../support/temp-dir.js';
import { counted, DENSE, report, writeParquet } from './support.js';

/** A running store with the bucket or container `data`. */
export interface RunningStore {
  readonly access: StoreAccess;
  uri(bucket: string, prefix?: string): string;
  stop(): Promise<void>;
}

/** What `validate` and `inspect` do with a store of any cloud. */
export function storeSuite(name: string, start: () => Promise<RunningStore>): void {
  const temp = useTempDir();
  let running: RunningStore;
  beforeAll(async () => {
    running = await start();
  });
  afterAll(() => running.stop());

  describe(name, () => {
    it('directories and single files are validated by range reads', async () => {
      const { access } = running;
      const uri = (prefix: string, bucket = 'data'): string => running.uri(bucket, prefix);
      const vectors = 'list_transform(range(200), x -> x + i + 1)::FLOAT[]';
      await writeParquet(temp('right.parquet'), DENSE(9000, undefined, vectors), 'ROW_GROUP_SIZE 3000');
      await writeParquet(temp('wrong.parquet'), DENSE(20, `CASE WHEN i = 4 THEN '' ELSE 'r' || i END`, vectors));
      const store = await openWithAccess(uri('import'), access);
      await store.put('a/0.parquet', readFileSync(temp('right.parquet')));
      await store.put('b/1.parquet', readFileSync(temp('wrong.parquet')));
      await store.close();

      const whole = await report(uri('import'), access);
      expect(whole).toMatchObject({ valid: false, kind: 'dense', dimension: 200, files: 2, recordsChecked: 9020 });
      expect(whole.findings).toMatchObject([{ code: 'ID_EMPTY', file: 'b/1.parquet', row: 4 }]);

      const one = await report(uri('import/a/0.parquet'), access);
      expect(one).toMatchObject({ valid: true, recordsChecked: 9000 });
      expect(counted(one)).toEqual({ LAYOUT_URI_IS_FILE: 1 });

      expect(await inspect({ uri: uri('import/a'), ...access })).toMatchObject({ rows: 9000, dimension: 200 });
      await expect(report(uri('nothing'), access)).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
      await expect(report(uri('x', 'missing'), access)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND', exitCode: 4 });
    });
  });
}
