import * as fs from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { convert } from '../../src/pipeline/convert.js';
import { upload } from '../../src/pipeline/upload.js';
import type { Manifest } from '../../src/writers/manifest.js';
import { errorOf } from '../support/store-conformance.js';
import { useTempDir } from '../support/temp-dir.js';

const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const temp = useTempDir();
const from = temp('words');
let manifest: Manifest;

const there = async (to: string) =>
  (await fs.readdir(to, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.parquet')).sort();
const hasManifest = (to: string) =>
  fs.access(`${to}.pineload/manifest.json`).then(
    () => true,
    () => false,
  );

beforeAll(async () => {
  ({ manifest } = await convert({ inputs: WORDS, to: from, workers: 1 }));
});

describe('include and exclude', () => {
  it.each([
    [{ include: 'words-*' }, ['words-a-f', 'words-g-m', 'words-n-s', 'words-t-z']],
    [{ include: ['symbols', 'words-[a-m]*'] }, ['symbols', 'words-a-f', 'words-g-m']],
    [{ include: 'words-*/part-00000-*.parquet', exclude: 'words-{a-f,t-z}' }, ['words-g-m', 'words-n-s']],
    [{ exclude: ['**/part-*'], include: 'symbols' }, undefined],
    [{ exclude: 'words-*' }, ['symbols']],
  ])('%j', async (globs, namespaces) => {
    const to = temp(`globs-${JSON.stringify(globs).replace(/\W/g, '')}`);
    if (namespaces === undefined) {
      expect(await errorOf(upload({ from, to, ...globs }))).toMatchObject({ code: 'OPTION_INVALID', exitCode: 2 });
      return;
    }
    const result = await upload({ from, to, ...globs });
    expect(await there(to)).toEqual(namespaces.map((name) => `${name}/part-00000-00000.parquet`));
    expect(result).toMatchObject({ files: namespaces.length, complete: false, remaining: 5 - namespaces.length });
    expect(await hasManifest(to)).toBe(false);
  });

  it('puts the manifest there with the last of its files', async () => {
    const to = temp('in-two');
    expect(await upload({ from, to, include: 'words-*' })).toMatchObject({ complete: false, remaining: 1 });
    expect(await upload({ from, to, exclude: 'words-*' })).toMatchObject({ complete: true, remaining: 0, files: 1 });
    expect(await fs.readFile(`${to}.pineload/manifest.json`)).toEqual(
      await fs.readFile(`${from}.pineload/manifest.json`),
    );
  });

  it('takes the manifest away from a target that is not complete any more', async () => {
    const to = temp('damaged');
    expect(await upload({ from, to })).toMatchObject({ complete: true });
    await fs.rm(`${to}/symbols`, { recursive: true });
    expect(await upload({ from, to, include: 'words-*' })).toMatchObject({ complete: false, remaining: 1, skipped: 4 });
    expect(await hasManifest(to)).toBe(false);
    expect(await upload({ from, to })).toMatchObject({ complete: true, skipped: 4 });
    expect(await hasManifest(to)).toBe(true);
  });
});

describe('the plan of an upload that was cut off', () => {
  const cutOff = async (to: string) => {
    const controller = new AbortController();
    const onEvent = ({ type }: PineloadEvent) => {
      if (type === 'upload.file') controller.abort();
    };
    const outcome = errorOf(upload({ from, to, files: 1, partSize: 1024 * 1024, signal: controller.signal, onEvent }));
    expect((await outcome).code).toBe('ABORTED');
  };

  it('is finished by the same conversion, and refuses another one with the difference', async () => {
    const to = temp('planned');
    await cutOff(to);
    const other = temp('other-words');
    await convert({ inputs: WORDS, to: other, workers: 1, namespace: 'one' });
    const refused = await errorOf(upload({ from: other, to }));
    expect(refused).toMatchObject({ code: 'PLAN_DIFFERS', exitCode: 4 });
    expect(refused.message).toContain(`${manifest.files.length} files`);
    expect(refused.message).toContain('1 file,');
    expect((await errorOf(upload({ from: other, to, dryRun: true }))).code).toBe('PLAN_DIFFERS');
    expect(await hasManifest(to)).toBe(false);
    expect(await upload({ from, to })).toMatchObject({ complete: true, remaining: 0 });
  });

  it('is not gone on with by another version, unless asked', async () => {
    const to = temp('another-version');
    await cutOff(to);
    const frozen = `${to}.pineload/upload.json`;
    const text = await fs.readFile(frozen, 'utf8');
    await fs.writeFile(frozen, text.replace(/"pineload":\s*"[^"]+"/, '"pineload": "0.0.7"'));
    const refused = await errorOf(upload({ from, to }));
    expect(refused).toMatchObject({ code: 'PLAN_DIFFERS', exitCode: 4, expected: 'pineload 0.0.7' });
    expect(refused.got).toMatch(/^pineload \d/);
    expect(await upload({ from, to, overwrite: true })).toMatchObject({ complete: true });
    expect(JSON.parse(await fs.readFile(frozen, 'utf8'))).toMatchObject({ pineload: manifest.pineload });
  });

  it('gives way when asked', async () => {
    const to = temp('replanned');
    await cutOff(to);
    const other = temp('more-words');
    const made = await convert({ inputs: WORDS, to: other, workers: 1, namespace: 'one' });
    expect(await upload({ from: other, to, overwrite: true })).toMatchObject({ complete: true });
    expect(await there(to)).toEqual(made.manifest.files.map(({ path }) => path));
  });
});

describe('a dry run', () => {
  it('says what would be sent, skipped and refused, and writes nothing', async () => {
    const to = temp('dry');
    const first = await upload({ from, to, dryRun: true });
    expect(first).toMatchObject({ complete: false, sentBytes: 0, plan: { send: 5, skip: 0, refuse: 0, excluded: 0 } });
    expect(first.plan?.sendBytes).toBe(manifest.bytes);
    await expect(fs.access(to)).rejects.toThrow();
    await upload({ from, to, include: ['words-a-f', 'words-g-m'] });
    await fs.truncate(`${to}/words-g-m/part-00000-00000.parquet`, 100);
    const before = await there(to);
    const { plan } = await upload({ from, to, dryRun: true, exclude: 'symbols' });
    expect(plan?.files.map(({ path, action }) => `${action} ${path.split('/')[0]}`)).toEqual([
      'skip words-a-f',
      'refuse words-g-m',
      'send words-n-s',
      'send words-t-z',
    ]);
    expect(plan).toMatchObject({ send: 2, skip: 1, refuse: 1, excluded: 1 });
    expect((await upload({ from, to, dryRun: true, overwrite: true })).plan).toMatchObject({ send: 4, refuse: 0 });
    expect(await there(to)).toEqual(before);
    expect(await hasManifest(to)).toBe(false);
  });

  it('names what would go away, and refuses as the upload would', async () => {
    const to = temp('dry-other');
    await convert({ inputs: WORDS, to, workers: 1, namespace: 'other' });
    expect((await errorOf(upload({ from, to, dryRun: true }))).code).toBe('TARGET_NOT_EMPTY');
    const { plan } = await upload({ from, to, dryRun: true, overwrite: true });
    expect(plan?.removed).toEqual(['other/part-00000-00000.parquet']);
    expect(await there(to)).toEqual(['other/part-00000-00000.parquet']);
    expect(await hasManifest(to)).toBe(true);
  });
});

describe('verify', () => {
  it('finds a flipped byte and a missing file, and sends them again when asked', async () => {
    const to = temp('verify');
    const events: PineloadEvent[] = [];
    const onEvent = (event: PineloadEvent) => void events.push(event);
    expect(await upload({ from, to, verify: true, onEvent })).toMatchObject({ complete: true, verified: 5 });
    expect(events.find(({ type }) => type === 'upload.verified')).toEqual({
      type: 'upload.verified',
      files: 5,
      bytes: manifest.bytes,
    });
    const file = `${to}/symbols/part-00000-00000.parquet`;
    const bytes = await fs.readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await fs.writeFile(file, bytes);
    // A local file is read to be compared; it is not what it was, and nothing was said of replacing it.
    expect((await errorOf(upload({ from, to, verify: true }))).code).toBe('OBJECT_EXISTS');
    expect(await upload({ from, to, verify: true, overwrite: true })).toMatchObject({ complete: true, verified: 5 });
    expect(await fs.readFile(file)).toEqual(await fs.readFile(`${from}/symbols/part-00000-00000.parquet`));
  });
});

it('keeps to the bandwidth', async () => {
  const started = performance.now();
  // Of three seconds' worth the first is a burst that is free, and nobody waits for what was sent last, a third at the most.
  const { sentBytes } = await upload({ from, to: temp('slow'), bandwidth: manifest.bytes / 3 });
  expect(sentBytes).toBe(manifest.bytes);
  expect((performance.now() - started) / 1000).toBeGreaterThan(0.4);
});
