import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as pineload from '../../dist/index.js';
import { duckdb } from '../support/duckdb.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();

async function* generate(count: number): AsyncGenerator<pineload.VectorRecord> {
  for (let i = 0; i < count; i++) {
    yield {
      id: `r${i}`,
      values: new Float32Array([i + 1, 0.1, -i]),
      metadata: { i, text: 'ü' },
      namespace: i % 2 ? 'odd' : 'even',
    };
  }
}

describe('the library', () => {
  it('writes records from an async generator', async () => {
    const events: string[] = [];
    const result = await pineload.convertRecords(generate(5000), {
      to: temp('gen'),
      onEvent: (event) => events.push(event.type),
    });
    expect(result.manifest).toMatchObject({ kind: 'dense', dimension: 3, records: 5000 });
    expect(events).toContain('convert.done');
    const [row] = await duckdb(`SELECT "values", metadata FROM '${temp('gen')}/even/*.parquet' WHERE id = 'r42'`);
    expect((row.values as number[]).map(Number)).toEqual([43, Math.fround(0.1), -42]);
    expect(row.metadata).toBe('{"i":42,"text":"ü"}');
  });

  it('writes records one by one, awaited or not, in their order', async () => {
    const writer = await pineload.openRecordWriter({ to: temp('push'), namespace: 'n-{run}', runId: '9' });
    const writes: Promise<void>[] = [];
    for (let i = 0; i < 3000; i++) writes.push(writer.write({ id: `p${i}`, values: [i + 1, 2] }));
    await Promise.all(writes);
    const { manifest } = await writer.close();
    expect(manifest.namespaces).toMatchObject([{ namespace: 'n-9', records: 3000 }]);
    const rows = await duckdb(`SELECT id FROM '${temp('push')}/n-9/*.parquet'`);
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 3000 }, (_, i) => `p${i}`));
  });

  it('rejects a bad record with the code that a file would get', async () => {
    const writer = await pineload.openRecordWriter({ to: temp('bad') });
    await writer.write({ id: 'a', values: [1, 2] });
    await writer.write({ id: 'b', values: [1] });
    await expect(writer.close()).rejects.toMatchObject({
      code: 'RECORD_REJECTED',
      id: 'b',
      line: 2,
      expected: '2 numbers',
      got: '1 number',
    });
    await expect(writer.write({ id: 'c', values: [1, 2] })).rejects.toThrow('after close');
  });

  it('skips bad records when asked', async () => {
    const records: pineload.VectorRecord[] = [
      { id: 'a', values: [1, 2] },
      { id: '', values: [1, 2] },
      { id: 'n', values: [1, NaN] },
      { id: 'm', values: [1, 2], metadata: { nested: { no: 1 } } as never },
    ];
    const { manifest } = await pineload.convertRecords(records, { to: temp('skip'), onError: 'skip' });
    expect(manifest).toMatchObject({
      records: 1,
      rejected: 3,
      rejectsByCode: { ID_EMPTY: 1, METADATA_VALUE: 1, VALUES_NOT_FINITE: 1 },
    });
  });

  it('converts, rehearses, and stops on a signal', async () => {
    const inputs = 'examples/words-100d.jsonl';
    const result = await pineload.run({ inputs, to: temp('run'), rehearse: true });
    expect(result).toMatchObject({ verified: true, rehearsal: true, import: { status: 'Completed' } });
    await expect(pineload.convert({ inputs, to: temp('stopped'), signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  it('loads no cloud SDK before its scheme is used', async () => {
    const hook =
      'export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }';
    const register = `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));`;
    const loaded = (to: string): string => {
      const script = `
        import { createRequire } from 'node:module';
        import { convert } from './dist/index.js';
        await convert({ inputs: 'examples/words-100d.jsonl', to: ${JSON.stringify(to)}, tries: 1 }).catch(() => undefined);
        // What was required does not come by the hook.
        process._rawDebug(Object.keys(createRequire(process.cwd() + '/any.js').cache).join('\\n'));`;
      const args = [
        '--import',
        `data:text/javascript,${encodeURIComponent(register)}`,
        '--input-type=module',
        '-e',
        script,
      ];
      const env = {
        ...process.env,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
      };
      return spawnSync(process.execPath, args, { encoding: 'utf8', env }).stderr;
    };
    const sdk = /client-s3|google-cloud|storage-blob|@azure/;
    const local = loaded(temp('lazy'));
    expect(local).toContain('dist/index.js');
    expect(local).not.toMatch(sdk);
    // The check can fail: with an S3 target the SDK is seen.
    expect(loaded('s3://bucket-without-credentials/x')).toMatch(sdk);
  });

  it('says the version of its package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(pineload.VERSION).toBe(version);
  });
});
