import { readdir, readFile, writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ParquetFileWriter } from '../../src/parquet/file-writer.js';
import type { VectorKind } from '../../src/records/batch.js';
import { Crc } from '../../src/uploaders/checksum/crc.js';
import { LocalStore } from '../../src/uploaders/local-store.js';
import { inHandovers, MANY_RESTS } from '../../src/writers/handovers.js';
import type { ManifestFile } from '../../src/writers/manifest.js';
import type { FileEncoders } from '../../src/writers/namespace-files.js';
import type { SplitWriterOptions } from '../../src/writers/split-options.js';
import { writeRests } from '../../src/writers/write-rests.js';
import { readWithHyparquet } from '../parquet/harness.js';
import { batchOf, localStore, piecesOf, randomRecords, splitWriter, type NamespacedRecord } from './harness.js';

describe('handovers', () => {
  it('have all namespaces in order, and never too many nor too much', () => {
    const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(60_000), fc.nat(3_000_000)), { maxLength: 300 });
    fc.assert(
      fc.property(sizes, (bytes) => {
        const handovers = inHandovers([...bytes.keys()], (namespace) => bytes[namespace]!);
        expect(handovers.flatMap(({ namespaces }) => namespaces)).toEqual([...bytes.keys()]);
        for (const { namespaces, bytes: together } of handovers) {
          expect(together).toBe(namespaces.reduce((sum, namespace) => sum + bytes[namespace]!, 0));
          expect(namespaces.length).toBeLessThanOrEqual(32);
          if (namespaces.length > 1) expect(together).toBeLessThanOrEqual(1024 * 1024);
        }
      }),
    );
  });
});

/** What threads do, on this one: nothing but what a message takes along gets to them. */
function encoders(): { readonly encoders: FileEncoders; readonly handed: string[] } {
  const handed: string[] = [];
  return {
    handed,
    encoders: {
      atOnce: 2,
      open: (sink, options, checksums) => {
        const crcs = checksums.map((name) => new Crc(name));
        return new ParquetFileWriter({
          ...options,
          sink: {
            write: (bytes) => {
              Crc.updateAll(crcs, bytes);
              return sink.write(bytes);
            },
            close: async () => ({
              ...(await sink.close()),
              checksums: Object.fromEntries(crcs.map((crc) => [crc.name, crc.hex()])),
            }),
            abort: () => sink.abort(),
          },
        });
      },
      writeRests: async (root, terms, rests, stores) => {
        handed.push(...rests.map(({ namespace }) => namespace));
        const [ownTerms, ownRests, ownStores] = structuredClone([terms, rests, stores] as const);
        return writeRests(new LocalStore({ prefix: root }), ownTerms, ownRests, ownStores);
      },
    },
  };
}

interface Written {
  readonly files: readonly ManifestFile[];
  readonly seen: readonly ManifestFile[];
  readonly bytes: ReadonlyMap<string, string>;
  readonly left: readonly string[];
}

async function write(
  records: readonly NamespacedRecord[],
  kind: VectorKind,
  options: Partial<SplitWriterOptions>,
): Promise<Written> {
  const store = await localStore();
  const seen: ManifestFile[] = [];
  const onFile = (file: ManifestFile): void => void seen.push(file);
  const { writer, tmpDir } = await splitWriter({ kind, dimension: 5, store, onFile, ...options });
  for (const piece of piecesOf(records, [400, 30])) await writer.add(batchOf(piece, kind, 5));
  const files = await writer.finish();
  expect(writer.bufferedBytes).toBe(0);
  const bytes = new Map<string, string>();
  for (const name of await readdir(store.uri, { recursive: true })) {
    if (name.includes('.')) bytes.set(name, await readFile(store.uri + name, 'latin1'));
  }
  return { files, seen, bytes, left: await readdir(tmpDir) };
}

const byPath = (a: ManifestFile, b: ManifestFile): number => (a.path < b.path ? -1 : 1);

describe.each(['dense', 'sparse', 'hybrid'] as const)('%s records of many namespaces', (kind) => {
  const records = [...randomRecords(1_500, 300, 5), ...randomRecords(400, 3, 5, 2)];

  it.each([
    ['in memory', {}],
    ['that have waited on disk', { maxBufferedBytes: 60_000 }],
    ['after files of their own', { rowGroupBytes: 900, targetFileBytes: 1_500, maxBufferedBytes: 200_000 }],
  ])('give the same files from threads, %s', async (_, options) => {
    const alone = await write(records, kind, options);
    const { encoders: threads, handed } = encoders();
    const together = await write(records, kind, { ...options, encoders: threads });
    expect(together.files).toStrictEqual(alone.files);
    expect([...together.seen].sort(byPath)).toStrictEqual(alone.files);
    expect(together.bytes).toStrictEqual(alone.bytes);
    expect(together.bytes.size).toBe(together.files.length);
    expect(together.left).toStrictEqual([]);
    expect(new Set(handed).size).toBe(handed.length);
    expect(handed.length).toBeGreaterThan(250);
    if ('targetFileBytes' in options) {
      const after = handed.filter((name) => together.files.filter(({ namespace }) => namespace === name).length > 1);
      expect(after.length).toBeGreaterThan(0);
    }
  });
});

describe('small files', () => {
  it('are written by the calling thread where there are few of them', async () => {
    const { encoders: threads, handed } = encoders();
    const records = randomRecords(5 * MANY_RESTS, MANY_RESTS, 5).map((each) => ({ ...each, rejected: false }));
    const { files } = await write(records, 'dense', { encoders: threads });
    expect(files.length).toBeLessThanOrEqual(MANY_RESTS);
    expect(handed).toStrictEqual([]);
  });

  it('are all done with when one of them fails, and nothing half-written stays', async () => {
    const store = await localStore();
    const { encoders: threads } = encoders();
    const { writer, tmpDir } = await splitWriter({ kind: 'dense', dimension: 5, store, encoders: threads });
    await writer.add(batchOf(randomRecords(2_000, 300, 5), 'dense', 5));
    await writeFile(`${store.uri}ns-7`, 'in the way');
    await expect(writer.finish()).rejects.toMatchObject({ code: 'STORE_REFUSED', source: `${store.uri}ns-7/` });
    await writer.abort();
    const names = await readdir(store.uri, { recursive: true });
    expect(names.filter((name) => name.includes('.tmp'))).toStrictEqual([]);
    expect(names).toContain('ns-7');
    expect(await readdir(tmpDir)).toStrictEqual([]);
  });

  it('are not begun after the signal', async () => {
    const store = await localStore();
    const { encoders: threads, handed } = encoders();
    const control = new AbortController();
    const options = { kind: 'dense', dimension: 5, store, encoders: threads, signal: control.signal } as const;
    const { writer } = await splitWriter(options);
    await writer.add(batchOf(randomRecords(2_000, 300, 5), 'dense', 5));
    control.abort();
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(handed).toStrictEqual([]);
    await writer.abort();
  });

  it('are read to their end before abort takes away what lies in memory or on disk', async () => {
    const store = await localStore();
    const { encoders: threads } = encoders();
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    let calls = 0;
    const writeRestsLater: FileEncoders['writeRests'] = async (...rests) => {
      calls++;
      begin();
      await held;
      return threads.writeRests(...rests);
    };
    const options = {
      kind: 'dense',
      dimension: 5,
      store,
      encoders: { ...threads, writeRests: writeRestsLater },
    } as const;
    const { writer, tmpDir } = await splitWriter({ ...options, maxBufferedBytes: 60_000 });
    const records = randomRecords(6_000, 900, 5);
    for (const piece of piecesOf(records, [400])) await writer.add(batchOf(piece, 'dense', 5));
    const finished = writer.finish().catch((error: unknown) => error);
    await begun;
    let isOver = false;
    const aborted = writer.abort().then(() => (isOver = true));
    await setImmediate();
    expect(isOver).toBe(false);
    const under = calls;
    goOn();
    await aborted;
    expect(await finished).toMatchObject({ code: 'ABORTED' });
    expect(calls).toBe(under);
    // What was handed over before is whole.
    const names = await readdir(store.uri, { recursive: true });
    const files = names.filter((name) => name.endsWith('.parquet'));
    expect(files.length).toBeGreaterThan(100);
    for (const name of files.slice(0, 20)) {
      const own = records.filter(({ namespace, rejected }) => rejected !== true && namespace === name.split('/')[0]);
      const read = await readWithHyparquet(await readFile(store.uri + name));
      expect(read.map(({ id }) => id)).toEqual(own.map(({ id }) => id));
    }
    expect(names.filter((name) => name.includes('.tmp'))).toStrictEqual([]);
    expect(await readdir(tmpDir)).toStrictEqual([]);
  });
});
