import { existsSync } from 'node:fs';
import { cp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parquetMetadataAsync } from 'hyparquet';
import { asyncBufferFromFile } from 'hyparquet/src/node.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { startEmulator, type Emulator } from '../../src/emulator/index.js';
import { watchImports } from '../../src/pipeline/import.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const NAMESPACES = ['symbols', 'words-a-f', 'words-g-m', 'words-n-s', 'words-t-z'];
const temp = useTempDir();
let emulator: Emulator;

const INDEXES = ['check', 'prune', 'each', 'broken', 'taken', 'sample', 'twice'];
beforeAll(async () => {
  emulator = await startEmulator({
    openStore: (uri) => openStore(uri),
    indexes: [...INDEXES.map((name) => ({ name, dimension: 100 })), { name: 'three', dimension: 3 }],
    pendingMs: 20,
    importMs: 50,
    indexingMs: 50,
  });
  const small = ['--row-group-size', '32kB'];
  for (const args of [
    ['--to', temp('words')],
    ['--to', temp('tenants'), '--layout', 'per-namespace', ...small],
  ]) {
    expect((await runCli(['convert', WORDS, ...args])).code).toBe(0);
  }
});
afterAll(() => emulator.close());

/** Imports of an index: tests run side by side, each with an index of its own. */
async function starts(index: string): Promise<number> {
  return (await importsOf(index)).length;
}
async function importsOf(index: string): Promise<{ id: string; status: string }[]> {
  const answer = await fetch(`${emulator.indexHost(index)}/bulk/imports`, { headers: { 'Api-Key': 'any' } });
  return ((await answer.json()) as { data: { id: string; status: string }[] }).data;
}
const to = (index: string): string[] => ['--index-name', index, '--control-plane', emulator.url];
/** A prepared directory of its own, with its state. */
async function copyOf(name: string, as: string): Promise<string> {
  await cp(temp(name), temp(as), { recursive: true });
  await cp(temp(`${name}.pineload`), temp(`${as}.pineload`), { recursive: true });
  return temp(as);
}

describe.concurrent('import start --check', () => {
  it('tells what it found as a table and as JSON, and starts nothing', async () => {
    const args = ['import', 'start', '--uri', temp('words'), ...to('check'), '--check'];
    const table = await runCli(args);
    expect(table.stdout).toMatch(/^ok +DIMENSION +vectors and index have dimension 100$/m);
    expect(table.stdout).toMatch(/^ok +DIRECTORY +the directory holds the 5 files/m);
    expect(table.stdout).toContain('$0.25 a GB');
    expect(table.code).toBe(0);
    const json = await runCli([...args, '--json', '--price-per-gb', '1000']);
    const { bytes } = JSON.parse(await readFile(temp('words.pineload', 'manifest.json'), 'utf8')) as { bytes: number };
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: true,
      imports: 1,
      records: 2000,
      cost: { estimate: true, usdPerGB: 1000, usd: Math.round(bytes / 100) / 1e4, bytes },
    });
    expect(await starts('check')).toBe(0);
  });

  it('ends with exit code 4 and all that is wrong', async () => {
    const dir = await copyOf('words', 'wrong');
    await writeFile(temp('wrong', 'other.parquet'), 'PAR1');
    await truncate(temp('wrong', 'symbols', 'part-00000-00000.parquet'), 100);
    const limits = ['--max-import-size', '500kB', '--max-import-files', '4', '--max-import-namespaces', '4'];
    limits.push('--max-import-file-size', '100kB');
    const { stdout, code } = await runCli([
      ...['import', 'start', '--uri', dir, ...to('three'), '--check', '--json', ...limits],
    ]);
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: { severity: string; code: string }[] };
    expect(findings.filter(({ severity }) => severity === 'error').map((finding) => finding.code)).toEqual([
      'DIMENSION',
      'LIMIT_NAMESPACES',
      'LIMIT_FILES',
      'LIMIT_FILE_BYTES',
      'LIMIT_BYTES',
      'DIRECTORY',
    ]);
    expect(stdout).toContain('other.parquet');
    expect([ok, code]).toEqual([false, 4]);
    expect(await starts('three')).toBe(0);
  });
});

describe.concurrent('the directory', () => {
  it('with a .parquet that is not of it is refused; only --prune removes it, and says so', async () => {
    const dir = await copyOf('words', 'stray');
    await writeFile(temp('stray', 'words-a-f', 'old.parquet'), 'PAR1');
    await writeFile(temp('stray', 'readme.txt'), 'stays');
    const args = ['import', 'start', '--uri', dir, ...to('prune')];
    const refused = await runCli(args);
    expect(refused.stderr).toContain('[TARGET_STRAY_FILES]');
    expect(refused.stderr).toContain('--prune');
    expect(refused.code).toBe(4);
    expect(existsSync(temp('stray', 'words-a-f', 'old.parquet'))).toBe(true);
    expect(await starts('prune')).toBe(0);
    const pruned = await runCli([...args, '--prune']);
    expect(pruned.stderr).toContain('pruned "words-a-f/old.parquet"');
    expect(pruned.code).toBe(0);
    expect(existsSync(temp('stray', 'words-a-f', 'old.parquet'))).toBe(false);
    expect(existsSync(temp('stray', 'readme.txt'))).toBe(true);
    const watched = await runCli(['import', 'watch', '--uri', dir, ...to('prune')]);
    expect(watched.stdout).toContain('2,000 records arrived. 20 of them were fetched back and compared.');
    expect(watched.code).toBe(0);
  });

  it('with a file of another size is refused', async () => {
    const dir = await copyOf('words', 'cut');
    await truncate(temp('cut', 'symbols', 'part-00000-00000.parquet'), 100);
    const { stderr, code } = await runCli(['import', 'start', '--uri', dir, ...to('check'), '--no-check']);
    expect(stderr).toContain('100 bytes');
    expect(stderr).toContain('[FILE_CHANGED]');
    expect(code).toBe(4);
  });
});

describe.concurrent('layouts', () => {
  it('hold every set to the limits at commit', async () => {
    const convert = (name: string, ...more: string[]) =>
      runCli(['convert', WORDS, '--to', temp(name), '--max-import-namespaces', '3', ...more]);
    const flat = await convert('too-many');
    expect(flat.stderr).toContain('[LIMIT_EXCEEDED]');
    expect(flat.stderr).toContain('--layout sets');
    expect(flat.code).toBe(3);
    const sets = await convert('sets', '--layout', 'sets', '--sets', '3', '--json');
    expect(sets.code).toBe(0);
    const manifest = JSON.parse(await readFile(temp('sets.pineload', 'manifest.json'), 'utf8')) as {
      version: number;
      layout: unknown;
      files: { path: string }[];
    };
    expect(manifest).toMatchObject({ version: 2, layout: { kind: 'sets', sets: 3 } });
    for (const { path } of manifest.files) {
      expect(path).toMatch(/^set-00[0-2]\/[^/]+\/part-/);
      expect(existsSync(temp('sets', path))).toBe(true);
    }
    const other = await convert('sets', '--layout', 'sets', '--sets', '4');
    expect(other.stderr).toContain('plan.output.layout.sets was 3, is 4');
    expect(other.code).toBe(4);
  });

  it('go through upload, and start as one import for each root', async () => {
    expect((await runCli(['upload', temp('tenants'), '--to', temp('stored')])).code).toBe(0);
    const start = ['import', 'start', '--uri', temp('stored'), ...to('each')];
    const asOne = await runCli(start);
    expect(asOne.stderr).toContain('--each');
    expect(asOne.code).toBe(2);
    expect(await starts('each')).toBe(0);
    const each = await runCli([...start, '--each', '--at-once', '3']);
    for (const name of NAMESPACES) expect(each.stdout).toMatch(new RegExp(`^${name} +verified +\\d+ `, 'm'));
    expect(each.stdout).toContain('5 imports: 5 verified');
    expect(each.code).toBe(0);
    expect(await starts('each')).toBe(5);
    // Again: every root finds its own import.
    const again = await runCli([...start, '--each', '--json']);
    const { imports } = JSON.parse(again.stdout) as { imports: { name: string; state: string; receipt: object }[] };
    expect(imports.map(({ name, state }) => [name, state])).toEqual(NAMESPACES.map((name) => [name, 'verified']));
    expect(imports[0]!.receipt).toMatchObject({ complete: true, records: 20, sample: { checked: 20 } });
    const watched = await runCli(['import', 'watch', '--each', '--uri', temp('stored'), ...to('each')]);
    expect(watched.stdout).toContain('5 imports: 5 verified');
    expect(await starts('each')).toBe(5);
    expect(existsSync(temp('stored.pineload', 'roots', 'symbols', 'receipt.json'))).toBe(true);
  });

  it('let one namespace fail by itself and be retried by itself', async () => {
    const dir = await copyOf('tenants', 'broken');
    const file = temp('broken', 'words-n-s', 'words-n-s', 'part-00000-00000.parquet');
    const whole = await readFile(file);
    await breakLastRowGroup(file);
    const each = await runCli(['import', 'start', '--each', '--uri', dir, ...to('broken')]);
    expect(each.stdout).toMatch(/^words-n-s +failed/m);
    expect(each.stdout).toContain('4 verified');
    expect(each.stderr).toContain('Next: pineload import retry');
    expect(each.code).toBe(6);
    expect(await starts('broken')).toBe(5);

    const { id } = (await importsOf('broken')).find(({ status }) => status === 'Failed')!;
    expect((await runCli(['import', 'describe', id, ...to('broken'), '--exit-status'])).code).toBe(6);

    await writeFile(file, whole);
    const retry = ['import', 'retry', '--uri', dir, ...to('broken')];
    const told = await runCli(retry);
    expect(told.stderr).toMatch(/"words-n-s" \(\d+ records\)/);
    expect(told.stderr).toContain('[NAMESPACES_LEFT]');
    expect(told.stderr).toContain('--delete-leftovers');
    expect(told.code).toBe(4);
    expect(await starts('broken')).toBe(5);

    const redone = await runCli([...retry, '--delete-leftovers', '--json']);
    expect(redone.code).toBe(0);
    const { imports } = JSON.parse(redone.stdout) as { imports: { name: string; state: string; deleted?: string[] }[] };
    expect(imports.map(({ name, state, deleted }) => [name, state, deleted])).toEqual(
      NAMESPACES.map((name) =>
        name === 'words-n-s' ? [name, 'verified', ['words-n-s']] : [name, 'passed over', undefined],
      ),
    );
    expect(await starts('broken')).toBe(6);
  });

  it('never delete a namespace that was there before', async () => {
    const seed = await runCli([...['run', WORDS, '--to', temp('seed'), '--namespace', 'symbols'], ...to('taken')]);
    expect(seed.code).toBe(0);
    const dir = await copyOf('tenants', 'taken');
    const refused = await runCli(['import', 'start', '--each', '--uri', dir, ...to('taken')]);
    expect(refused.stdout).toMatch(/^symbols +failed/m);
    expect(refused.stdout).toContain('4 verified');
    expect(refused.code).toBe(4);
    // Unchecked, the service itself finds out; what is there is still not of this import.
    const unchecked = await runCli(['import', 'start', '--each', '--no-check', '--uri', dir, ...to('taken')]);
    expect(unchecked.code).toBe(6);
    const retry = await runCli(['import', 'retry', '--delete-leftovers', '--uri', dir, ...to('taken')]);
    expect(retry.stderr).toContain('not deleted by --delete-leftovers');
    expect(retry.code).toBe(4);
    const stats = await fetch(`${emulator.indexHost('taken')}/describe_index_stats`, {
      method: 'POST',
      headers: { 'Api-Key': 'any' },
      body: '{}',
    });
    expect(((await stats.json()) as { namespaces: object }).namespaces).toMatchObject({
      symbols: { vectorCount: 2000 },
    });
  });
});

describe.concurrent('import watch and describe', () => {
  it('stop waiting when told, attach again, and tell the state by exit code', async ({ onTestFinished }) => {
    const slow = await startEmulator({
      openStore: (uri) => openStore(uri),
      indexes: [{ name: 'slow', dimension: 100 }],
      indexingMs: 600_000,
    });
    onTestFinished(() => slow.close());
    const index = ['--index-name', 'slow', '--control-plane', slow.url];
    const dir = await copyOf('tenants', 'slow');
    const started = await runCli(['import', 'start', '--each', '--uri', dir, ...index, '--timeout', '1.5', '--json']);
    expect(started.code).toBe(7);
    const { imports } = JSON.parse(started.stdout) as { imports: { state: string; id: string }[] };
    expect(imports.map(({ state }) => state)).toEqual(['running', 'running', 'running', 'running', 'waiting']);
    const describe = ['import', 'describe', imports[0]!.id, ...index, '--exit-status'];
    expect((await runCli(describe)).code).toBe(7);
    const all = await runCli(['import', 'watch', '--all', '--timeout', '0.5', ...index]);
    expect(all.stdout).toContain('4 imports: 4 running');
    expect(all.stderr).toContain('Next: pineload import watch --all');
    expect(all.code).toBe(7);
    for (const { id } of imports.slice(0, 4)) {
      await fetch(`${slow.url}/bulk/imports/${id}`, { method: 'DELETE', headers: { 'Api-Key': 'any' } });
    }
    expect((await runCli(describe)).code).toBe(6);
    const none = await runCli(['import', 'watch', '--all', ...index]);
    expect(none.stdout).toContain('No import is under way');
    expect(none.code).toBe(0);
  });

  it('follow all imports of an index to their ends', async ({ onTestFinished }) => {
    const quick = await startEmulator({
      openStore: (uri) => openStore(uri),
      indexes: [{ name: 'quick', dimension: 100 }],
      indexingMs: 1_000,
    });
    onTestFinished(() => quick.close());
    const ids = await Promise.all(
      ['symbols', 'words-a-f'].map(async (name) => {
        const uri = `${pathToFileURL(temp('tenants', name)).href}/`;
        const body = JSON.stringify({ uri, errorMode: { onError: 'abort' } });
        const headers = { 'Api-Key': 'any', 'Content-Type': 'application/json' };
        const answer = await fetch(`${quick.url}/bulk/imports`, { method: 'POST', headers, body });
        return ((await answer.json()) as { id: string }).id;
      }),
    );
    const events: PineloadEvent[] = [];
    const watched = await watchImports({
      indexName: 'quick',
      controlPlane: quick.url,
      onEvent: (event) => events.push(event),
    });
    expect(watched.imports.map(({ id, state }) => [id, state])).toEqual(ids.map((id) => [id, 'completed']));
    const last = events.findLast((event) => event.type === 'imports.progress');
    expect(last).toMatchObject({ total: 2, done: 2, failed: 0, waiting: 0, running: [] });
  });
});

describe.concurrent('verification', () => {
  it('fetches records back and tells those that are not as written', async () => {
    const run = await runCli(['run', WORDS, '--to', temp('sample'), ...to('sample'), '--verify-sample', '7', '--json']);
    expect(run.code).toBe(0);
    const { import: imported, receipt } = JSON.parse(run.stdout) as { import: { id: string }; receipt: object };
    expect(receipt).toMatchObject({ sample: { checked: 7, refused: false, differences: [] } });

    // The same ids in the same namespaces, with other metadata and one other number in each vector.
    const lines = (await readFile(WORDS, 'utf8')).trimEnd().split('\n');
    const changed = lines.map((line) => {
      const record = JSON.parse(line) as { values: number[]; metadata: object };
      record.values[3]! += 1;
      return JSON.stringify({ ...record, metadata: { ...record.metadata, more: 1 } });
    });
    await writeFile(temp('changed.jsonl'), changed.join('\n'));
    expect((await runCli(['convert', temp('changed.jsonl'), '--to', temp('changed')])).code).toBe(0);
    const watch = ['import', 'watch', imported.id, '--uri', temp('changed'), ...to('sample')];
    const differs = await runCli([...watch, '--json']);
    expect(differs.stderr).toContain('float32 ulps apart');
    expect(differs.stderr).toContain('differs at .\\"more\\"');
    expect(differs.code).toBe(6);
    const kept = JSON.parse(await readFile(temp('changed.pineload', 'receipt.json'), 'utf8')) as {
      complete: boolean;
      sample: { checked: number };
    };
    expect([kept.complete, kept.sample.checked]).toEqual([false, 20]);
    expect((await runCli([...watch, '--verify-sample', '0'])).code).toBe(0);
  });

  it('only warns when the key may not fetch, or the files cannot be read', async ({ onTestFinished }) => {
    const strict = await startEmulator({
      openStore: (uri) => openStore(uri),
      indexes: [{ name: 'strict', dimension: 100 }],
      faults: { rules: [{ operation: 'fetchVectors', kind: 'status', status: 403, times: 100 }] },
    });
    onTestFinished(() => strict.close());
    const dir = await copyOf('words', 'unread');
    const index = ['--index-name', 'strict', '--control-plane', strict.url];
    expect((await runCli(['import', 'start', '--uri', dir, ...index])).code).toBe(0);
    const watch = ['import', 'watch', '--uri', dir, ...index];
    const forbidden = await runCli(watch);
    expect(forbidden.stderr).toContain('no sample could be fetched');
    expect(forbidden.code).toBe(0);
    await rm(dir, { recursive: true });
    const gone = await runCli(watch);
    expect(gone.stderr).toContain('no records could be read back from the files');
    expect(gone.code).toBe(0);
  });

  it('explains missing records by ids that are there twice', async () => {
    const lines = (await readFile(WORDS, 'utf8')).split('\n').slice(0, 40);
    const records = lines.map((line, i) => {
      const record = JSON.parse(line) as { id: string };
      return JSON.stringify({ ...record, namespace: 'n', id: i < 3 ? 'same' : record.id });
    });
    await writeFile(temp('twice.jsonl'), records.join('\n'));
    const { stderr, code } = await runCli([
      ...['run', temp('twice.jsonl'), '--to', temp('twice'), ...to('twice'), '--verify-patience', '1'],
      ...['--duplicates', 'allow'],
    ]);
    expect(stderr).toContain('"n": expected 40, got 38 (2 of its records have the id of another one');
    expect(code).toBe(6);
    const receipt = JSON.parse(await readFile(temp('twice.pineload', 'receipt.json'), 'utf8')) as object;
    expect(receipt).toMatchObject({ complete: false, namespaces: [{ namespace: 'n', expected: 40, counted: 38 }] });
  });
});

/** Spoils the page of vectors of the last row group: what comes before it is imported. */
async function breakLastRowGroup(file: string): Promise<void> {
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(file));
  expect(metadata.row_groups.length).toBeGreaterThan(1);
  const values = metadata.row_groups.at(-1)!.columns.find((c) => c.meta_data?.path_in_schema[0] === 'values');
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(16, 0xff), 0, 16, Number(values!.meta_data!.data_page_offset));
  await handle.close();
}
