import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { duckdb } from '../support/duckdb.js';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
let made = 1000;
/** No two have the same vector, and all the same length. */
const good = (id: string): string => JSON.stringify({ id, values: [1, 2, ++made], namespace: 'n' });

/** A bad second line; what the error and the reject must say. */
const CASES: readonly (readonly [name: string, line: string, code: string, says: readonly string[]])[] = [
  ['malformed', '{"id": "b", "values": [1, 2, 3]', 'JSON_SYNTAX', []],
  [
    'wrong dimension',
    '{"id": "b", "values": [1, 2]}',
    'VALUES_DIMENSION',
    ['id "b"', '"values"', 'expected 3 numbers', 'got 2 numbers'],
  ],
  ['NaN', '{"id": "b", "values": [1, NaN, 3]}', 'VALUES_NOT_FINITE', ['id "b"', '"values"', 'got NaN']],
  ['too large for float32', '{"id": "b", "values": [1, 1e39, 3]}', 'VALUES_NOT_FINITE', ['id "b"', '"values"']],
  ['no id', '{"values": [1, 2, 3]}', 'ID_MISSING', ['"id"']],
  ['empty id', '{"id": "", "values": [1, 2, 3]}', 'ID_EMPTY', ['"id"']],
  ['id too long', `{"id": "${'x'.repeat(513)}", "values": [1, 2, 3]}`, 'ID_TOO_LONG', ['512', '513']],
  [
    'metadata no object',
    '{"id": "b", "values": [1, 2, 3], "metadata": [1]}',
    'METADATA_NOT_OBJECT',
    ['id "b"', '"metadata"'],
  ],
  ['namespace with a slash', '{"id": "b", "values": [1, 2, 3], "namespace": "a/b"}', 'NAMESPACE_NAME', ['a/b']],
  ['namespace ..', '{"id": "b", "values": [1, 2, 3], "namespace": ".."}', 'NAMESPACE_NAME', ['..']],
  [
    'namespace with a control character',
    '{"id": "b", "values": [1, 2, 3], "namespace": "a\\u0007"}',
    'NAMESPACE_NAME',
    ['\\u0007'],
  ],
  [
    'namespace too long for a directory',
    `{"id": "b", "values": [1, 2, 3], "namespace": "${'n'.repeat(300)}"}`,
    'NAMESPACE_TOO_LONG',
    ['255'],
  ],
  ['no vector', '{"id": "b"}', 'VALUES_MISSING', ['id "b"']],
  ['all zero', '{"id": "b", "values": [0, 0, -0.0]}', 'VALUES_ALL_ZERO', ['id "b"']],
];

describe('bad input', () => {
  it.each(CASES)('%s', async (name, line, code, says) => {
    const file = temp(`${name}.jsonl`);
    await writeFile(file, `${good('a')}\n${line}\n${good('c')}\n`);

    // The default stops at the record and says everything about it.
    const stopped = await runCli(['convert', file, '--to', temp(name, 'stop')]);
    expect(stopped.stderr).toContain(`${file}:2: `);
    expect(stopped.stderr).toContain(`[${code}]`);
    for (const text of says) expect(stopped.stderr).toContain(text);
    expect(stopped.code).toBe(3);
    expect(existsSync(temp(name, 'stop.pineload', 'manifest.json'))).toBe(false);

    // The other way keeps it and goes on.
    const skipped = await runCli([
      ...['convert', file, '--to', temp(name, 'skip'), '--on-error', 'skip', '--reject-records', '--json'],
    ]);
    expect(skipped.code).toBe(0);
    expect(JSON.parse(skipped.stdout)).toMatchObject({ records: 2, rejected: 1, rejectsByCode: { [code]: 1 } });
    const reject = JSON.parse(await readFile(temp(name, 'skip.pineload', 'rejects.jsonl'), 'utf8'));
    expect(reject).toMatchObject({ source: file, line: 2, byteOffset: good('a').length + 1, code, raw: line });
    expect(await duckdb(`SELECT id FROM '${temp(name, 'skip')}/n/*.parquet' ORDER BY id`)).toEqual([
      { id: 'a' },
      { id: 'c' },
    ]);
  });

  it('writes nothing outside the target whatever a namespace says', async () => {
    const names = ['../../evil', '/etc/evil', '..\\evil', 'a\u0000b', '.', '..'];
    const lines = names.map((namespace, i) => JSON.stringify({ id: `e${i}`, values: [1, 2, -i], namespace }));
    await mkdir(temp('jail'));
    await writeFile(temp('jail', 'in.jsonl'), `${good('a')}\n${lines.join('\n')}\n`);
    const { code, stdout } = await runCli([
      'convert',
      temp('jail', 'in.jsonl'),
      '--to',
      temp('jail', 'deep', 'out'),
      '--on-error',
      'skip',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      records: 1,
      rejected: names.length,
      rejectsByCode: { NAMESPACE_NAME: names.length },
    });
    expect(readdirSync(temp('jail')).sort()).toEqual(['deep', 'in.jsonl']);
    expect(readdirSync(temp('jail', 'deep')).sort()).toEqual(['out', 'out.pineload']);
    expect(readdirSync(temp('jail', 'deep', 'out'))).toEqual(['n']);
  });

  it('stops when more is rejected than allowed, and keeps what was rejected', async () => {
    const lines = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? good(`g${i}`) : `{"id":"b${i}","values":[1]}`));
    await writeFile(temp('max.jsonl'), lines.join('\n'));
    const run = (to: string, max: string) =>
      runCli(['convert', temp('max.jsonl'), '--to', temp(to), '--on-error', 'skip', '--max-rejects', max]);
    const count = await run('max3', '3');
    expect(count.stderr).toContain('[TOO_MANY_REJECTS]');
    expect(count.code).toBe(3);
    expect(existsSync(temp('max3.pineload', 'manifest.json'))).toBe(false);
    expect((await run('share40', '40%')).code).toBe(3);
    expect((await run('share50', '50%')).code).toBe(0);
    expect((await run('max5', '5')).code).toBe(0);
    // Nothing of a failed run stands in the way of the next.
    expect((await run('max3', '5')).code).toBe(0);
  });

  it('--reject-records: what was rejected is mended and joins the others, as it is', async () => {
    const file = temp('mend.jsonl');
    await writeFile(file, [good('a'), '{"id":"b","values":[1,2],"namespace":"n"}', '{"id":"c"', good('d')].join('\n'));
    const to = temp('mend');
    const convert = (...more: string[]) =>
      runCli(['convert', file, '--to', to, '--on-error', 'skip', '--json', ...more]);
    const rejects = temp('mend.pineload', 'rejects.jsonl');
    const mended = temp('mended.jsonl');
    const join = () => runCli(['convert', mended, '--to', to, '--join', '--json']);

    // Without the texts there is nothing to mend, and the error says by what there would be.
    expect((await convert()).code).toBe(0);
    await writeFile(mended, readFileSync(rejects));
    const without = await join();
    expect(without.code).toBe(3);
    expect(without.stderr).toContain('"code":"FIXED_INVALID"');
    expect(without.stderr).toContain('--reject-records');

    expect((await convert('--reject-records', '--overwrite')).code).toBe(0);
    const texts = readFileSync(rejects, 'utf8').replace('[1,2]', '[1,2,0.5]');
    // A line is given up, another one mended in its text.
    await writeFile(mended, texts.split('\n')[0]!);
    const joined = await join();
    expect(joined.code, joined.stderr).toBe(0);
    expect(JSON.parse(joined.stdout)).toMatchObject({ records: 3, rejected: 1, rejectsByCode: { JSON_SYNTAX: 1 } });
    expect(await duckdb(`SELECT id FROM '${to}/n/*.parquet' ORDER BY id`)).toEqual([
      { id: 'a' },
      { id: 'b' },
      { id: 'd' },
    ]);
    const validated = await runCli(['validate', to, '--json']);
    expect(JSON.parse(validated.stdout)).toMatchObject({ valid: true, records: 3 });
  });

  it('--fail-on-rejects: convert writes all and exits with 3, run stops before it imports', async () => {
    await writeFile(temp('left.jsonl'), [good('a'), '{"id":"b","values":[1]}', good('c')].join('\n'));
    const convert = (to: string, ...more: string[]) =>
      runCli(['convert', temp('left.jsonl'), '--to', temp(to), '--on-error', 'skip', '--json', ...more]);
    expect((await convert('left0')).code).toBe(0);
    const left = await convert('left3', '--fail-on-rejects');
    expect(left.code).toBe(3);
    expect(JSON.parse(left.stdout)).toMatchObject({ rejectsByCode: { VALUES_DIMENSION: 1 } });
    const run = await runCli([
      ...['run', temp('left.jsonl'), '--to', temp('leftRun'), '--rehearse', '--on-error', 'skip', '--fail-on-rejects'],
    ]);
    expect(run.stderr).toContain('[REJECTS_LEFT]');
    expect(run.code).toBe(3);
    expect(existsSync(temp('leftRun.pineload', 'receipt.json'))).toBe(false);
  });

  it('tells the first rejects of each code, and keeps all', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => (i % 4 === 0 ? good(`g${i}`) : `{"id":"b${i}","values":[1]}`));
    await writeFile(temp('many.jsonl'), lines.join('\n'));
    const { stderr } = await runCli(['convert', temp('many.jsonl'), '--to', temp('many'), '--on-error', 'skip']);
    expect(stderr.match(/^rejected /gm)?.length).toBeLessThanOrEqual(10);
    expect(stderr.match(/More records are rejected with VALUES_DIMENSION/g)?.length).toBe(1);
    const rejects = readFileSync(temp('many.pineload', 'rejects.jsonl'), 'utf8').trim().split('\n');
    expect(rejects.length).toBe(150);
    expect(JSON.parse(rejects[0]!)).toMatchObject({
      line: 2,
      byteOffset: lines[0]!.length + 1,
      id: 'b1',
      code: 'VALUES_DIMENSION',
      field: 'values',
      expected: '3 numbers',
      got: '1 number',
    });
    // Its text is kept on request only.
    expect(JSON.parse(rejects[0]!)).not.toHaveProperty('raw');
  });

  it('shows terminal escapes in ids as text', async () => {
    await writeFile(temp('esc.jsonl'), `${good('a')}\n${JSON.stringify({ id: '\u001b[2Jx', values: [1] })}\n`);
    const { stderr } = await runCli(['convert', temp('esc.jsonl'), '--to', temp('esc')]);
    expect(stderr).not.toContain('\u001b[2J');
    expect(stderr).toContain('\\u001b[2Jx');
  });

  it.each([
    ['no such file', ['convert', 'missing.jsonl', '--to', 'out'], 4, 'INPUT_NOT_FOUND'],
    ['unknown format', ['convert', 'data.xyz', '--to', 'out'], 2, 'INPUT_FORMAT_UNKNOWN'],
    ['no record', ['convert', 'empty.jsonl', '--to', 'out'], 3, 'INPUT_EMPTY'],
    ['a JSON array for JSONL', ['convert', 'array.json', '--to', 'out'], 3, 'RECORD_REJECTED'],
    ['quotes that break the rules', ['convert', 'quotes.csv', '--to', 'out'], 3, 'RECORD_REJECTED'],
    ['no vector field', ['convert', 'novec.jsonl', '--to', 'out'], 2, 'MAPPING_UNRESOLVED'],
    ['{run} without a run id', ['convert', 'ok.jsonl', '--to', 'out-{run}'], 2, 'OPTION_INVALID'],
    ['a bad size', ['convert', 'ok.jsonl', '--to', 'out', '--file-size', 'big'], 2, 'OPTION_INVALID'],
    [
      'a maximum of rejects, and none skipped',
      ['convert', 'ok.jsonl', '--to', 'out', '--max-rejects', '5'],
      2,
      'OPTION_INVALID',
    ],
    ['an unknown scheme', ['convert', 'ok.jsonl', '--to', 'ftp://host/x'], 2, 'URI_INVALID'],
    ['no index', ['run', 'ok.jsonl', '--to', 'out'], 2, 'OPTION_INVALID'],
    ['no manifest', ['upload', '.', '--to', 'out2'], 4, 'MANIFEST_MISSING'],
  ])('%s: one clear error', async (_name, args, code, error) => {
    await mkdir(temp('cwd'), { recursive: true });
    await writeFile(temp('cwd', 'data.xyz'), 'x');
    await writeFile(temp('cwd', 'empty.jsonl'), '\n\n');
    await writeFile(temp('cwd', 'array.json'), '[\n{"id":"a","values":[1]}\n]\n');
    await writeFile(temp('cwd', 'quotes.csv'), 'id,values,title\na,1 2,say "hi"\n');
    await writeFile(temp('cwd', 'novec.jsonl'), '{"id":"a","text":"hello"}\n');
    await writeFile(temp('cwd', 'ok.jsonl'), `${good('a')}\n`);
    const result = await runCli(args, { cwd: temp('cwd') });
    expect(result.stderr).toContain(`[${error}]`);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result.code).toBe(code);
    const json = await runCli([...args, '--json'], { cwd: temp('cwd') });
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: error, exitCode: code } });
  });

  it('a reader of its help or talk that goes away is no fault', async () => {
    for (const args of [['--help'], ['convert', '--help']]) {
      const result = await runCli(args, { onSpawn: (child) => child.stdout!.destroy() });
      expect(result.stderr).toBe('');
      expect(result.code).toBe(0);
    }
    await writeFile(temp('quiet.jsonl'), `${good('a')}\n`);
    const work = await runCli(['convert', temp('quiet.jsonl'), '--to', temp('quiet')], {
      onSpawn: (child) => child.stderr!.destroy(),
    });
    expect(work.code).toBe(0);
    expect(existsSync(temp('quiet.pineload', 'manifest.json'))).toBe(true);
  });

  it('a usage error', async () => {
    const { code, stderr } = await runCli(['convert', '--to', 'x']);
    expect(stderr).toContain("missing required argument 'input'");
    expect(code).toBe(2);
  });

  it('an option without the one that it belongs to', async () => {
    const { code, stderr } = await runCli(['upload', temp(), '--to', temp('up'), '--stale-after', '48h']);
    expect(stderr).toContain('--stale-after');
    expect(stderr).toContain('--abort-stale');
    expect(code).toBe(2);
    expect(existsSync(temp('up'))).toBe(false);
  });
});
