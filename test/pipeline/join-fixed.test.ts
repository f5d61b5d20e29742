import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { convert } from '../../src/pipeline/convert.js';
import { joinFixed } from '../../src/pipeline/join-fixed.js';
import type { ConvertOptions } from '../../src/pipeline/options.js';
import { convertRecords } from '../../src/pipeline/record-writer.js';
import { validate } from '../../src/pipeline/validate.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
let root: string;
let number = 0;
beforeEach(() => {
  root = temp(`join-${number++}`);
  mkdirSync(root, { recursive: true });
});

const base = (inputs: string, more: Partial<ConvertOptions> = {}): ConvertOptions => ({
  inputs,
  to: join(root, 'out'),
  onError: 'skip',
  rejectRecords: true,
  workers: 1,
  ...more,
});

const rejectsFile = () => join(root, 'out.pineload/rejects.jsonl');
const lines = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A copy of the rejects with their texts mended. */
function mend(change: (reject: Record<string, unknown>) => unknown): string {
  const file = join(root, 'mended.jsonl');
  const mended = lines(rejectsFile()).flatMap((reject) => {
    const raw = change(reject);
    return raw === undefined ? [] : [JSON.stringify({ ...reject, raw })];
  });
  writeFileSync(file, `${mended.join('\n')}\n`);
  return file;
}

function jsonl(): string {
  const file = join(root, 'in.jsonl');
  const rows = Array.from({ length: 20 }, (_, i) => ({ id: i % 7 === 3 ? '' : `r${i}`, values: [i + 1, 1] }));
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join('') + '{"id":"broken","values":[1\n');
  return file;
}

describe('mended rejects', () => {
  it('of JSONL join the others, in several goes', async () => {
    const options = base(jsonl());
    const first = await convert(options);
    expect(first.manifest).toMatchObject({ records: 17, rejected: 4, rejectsByCode: { ID_EMPTY: 3, JSON_SYNTAX: 1 } });

    const some = mend(({ raw, code }) =>
      code === 'ID_EMPTY'
        ? String(raw)
            .replace('"id":""', `"id":"m${String(raw).length}-${String(raw)}"`)
            .replace(/"id":"m(.*?)-\{.*?values":\[(\d+).*?\}"/, '"id":"m$2"')
        : undefined,
    );
    const second = await joinFixed({ ...options, inputs: some });
    expect(second.manifest).toMatchObject({ records: 20, rejected: 1, rejectsByCode: { JSON_SYNTAX: 1 } });
    expect(second.manifestSha256).not.toBe(first.manifestSha256);
    expect(lines(rejectsFile()).map(({ code }) => code)).toEqual(['JSON_SYNTAX']);

    // The very same again changes nothing; nor does the first command, which finds its work done.
    expect((await joinFixed({ ...options, inputs: some })).manifestSha256).toBe(second.manifestSha256);
    expect((await convert(options)).manifestSha256).toBe(second.manifestSha256);

    const third = await joinFixed({ ...options, inputs: mend(() => '{"id":"broken","values":[1,99]}') });
    expect(third.manifest).toMatchObject({ records: 21, rejected: 0, rejectsByCode: {} });
    expect(third.rejectsFile).toBeUndefined();
    const { report } = await validate({ uri: join(root, 'out') });
    expect(report).toMatchObject({ valid: true, records: 21 });
  });

  it('of CSV are read with the header of their file', async () => {
    writeFileSync(join(root, 'a.csv'), 'id,values,year\na,"[1,2]",1\n,"[3,4]",2\n');
    writeFileSync(join(root, 'b.csv'), 'year,id,values\n5,,"[5,6]"\n6,b,"[7,8]"\n');
    const options = base(join(root, '*.csv'), { metadataRest: true });
    expect((await convert(options)).manifest).toMatchObject({ records: 2, rejectsByCode: { ID_EMPTY: 2 } });
    const fixed = mend(({ source, raw }) =>
      String(source).endsWith('a.csv') ? `new-a${String(raw)}` : String(raw).replace('5,,', '5,new-b,'),
    );
    const { manifest } = await joinFixed({ ...options, inputs: fixed });
    expect(manifest).toMatchObject({ records: 4, rejected: 0 });
    expect((await validate({ uri: join(root, 'out') })).report.valid).toBe(true);
  });

  it('of records from memory join, too', async () => {
    const to = join(root, 'out');
    const records = [
      { id: 'a', values: [1, 2] },
      { id: '', values: [3, 4] },
    ];
    await convertRecords(records, { to, onError: 'skip' });
    const fixed = mend(() => '{"id":"b","values":[3,4]}');
    expect((await joinFixed({ to, inputs: fixed })).manifest).toMatchObject({ records: 2, rejected: 0 });
  });

  it('that repeat a record of the conversion stop the join, and leave all as it was', async () => {
    const options = base(jsonl());
    const { manifestSha256 } = await convert(options);
    const fixed = mend(({ code }) => (code === 'JSON_SYNTAX' ? '{"id":"r0","values":[50,60]}' : undefined));
    await expect(joinFixed({ ...options, inputs: fixed })).rejects.toMatchObject({ code: 'DUPLICATES_FOUND' });
    // What was half done goes with the next join.
    const good = mend(({ code }) => (code === 'JSON_SYNTAX' ? '{"id":"new","values":[50,60]}' : undefined));
    const joined = await joinFixed({ ...options, inputs: good });
    expect(joined.manifest).toMatchObject({ records: 18, rejected: 3 });
    expect(joined.manifestSha256).not.toBe(manifestSha256);
  });
});

describe('what cannot be joined', () => {
  it.each<[string, (reject: Record<string, unknown>) => unknown, string]>([
    ['a record that is still bad', ({ raw }) => raw, 'RECORD_REJECTED'],
    ['a text without a record', () => ' ', 'FIXED_INVALID'],
  ])('%s', async (_name, change, code) => {
    const options = base(jsonl());
    const { manifestSha256 } = await convert(options);
    await expect(joinFixed({ ...options, inputs: mend(change) })).rejects.toMatchObject({ code });
    expect((await convert(options)).manifestSha256).toBe(manifestSha256);
  });

  it.each([
    ['no JSON', '{"id"'],
    ['an ordinary record', '{"id":"a","values":[1,2]}'],
    ['no text', '{"code":"ID_EMPTY","source":"x","line":1,"byteOffset":0}'],
    ['another conversion', '{"code":"ID_EMPTY","source":"x","line":1,"byteOffset":0,"raw":"{}"}'],
  ])('a line with %s', async (_name, line) => {
    const options = base(jsonl());
    await convert(options);
    writeFileSync(join(root, 'mended.jsonl'), `${line}\n`);
    const error = joinFixed({ ...options, inputs: join(root, 'mended.jsonl') });
    await expect(error).rejects.toMatchObject({ code: 'FIXED_INVALID', line: 1 });
  });

  it('anything once an import was begun, unless it certainly did not begin', async () => {
    const options = base(jsonl());
    await convert(options);
    const state = join(root, 'out.pineload');
    const fixed = mend(({ code }) => (code === 'JSON_SYNTAX' ? '{"id":"new","values":[50,60]}' : undefined));
    const claim = { format: 'pineload-import-claim', version: 1, attempt: 1, index: 'words', importId: '17' };
    writeFileSync(join(state, 'import-words.0001.json'), JSON.stringify(claim));
    const before = readdirSync(join(root, 'out'), { recursive: true }).sort();
    await expect(joinFixed({ ...options, inputs: fixed })).rejects.toMatchObject({
      code: 'JOIN_TOO_LATE',
      got: 'import 17 into "words"',
    });
    expect(readdirSync(join(root, 'out'), { recursive: true }).sort()).toEqual(before);
    writeFileSync(join(state, 'import-words.0001.json'), JSON.stringify({ ...claim, released: 'refused' }));
    expect((await joinFixed({ ...options, inputs: fixed })).manifest.records).toBe(18);
  });

  it('anything before the conversion is finished', async () => {
    const options = base(jsonl());
    await convert(options);
    const fixed = mend(({ raw }) => raw);
    rmSync(join(root, 'out.pineload/manifest.json'));
    await expect(joinFixed({ ...options, inputs: fixed })).rejects.toMatchObject({ code: 'MANIFEST_MISSING' });
  });
});
