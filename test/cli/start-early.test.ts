import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bytesToConvert } from '../../src/cli/start-early.js';

const directory = mkdtempSync(join(tmpdir(), 'pineload-early-'));
const file = join(directory, 'v.jsonl');
writeFileSync(file, 'x'.repeat(1000));
afterAll(() => rmSync(directory, { recursive: true }));

describe('what a command will convert', () => {
  it.each([
    ['a file', ['convert', file, '--to', 'out'], {}, 1000],
    ['several', ['run', file, file, '--to', 'out', '--rehearse'], {}, 2000],
    ['a directory, a glob, a URL, standard input', ['convert', directory, '*.jsonl', 's3://b/p', '-'], {}, 0],
    ['what is not there, and no path at all', ['convert', join(directory, 'missing'), 'a\0b'], {}, 0],
    ['nothing', ['convert'], {}, 0],
    ['other variables', ['convert', file], { PINELOAD_TO: 'out' }, 1000],
    ['another command', ['validate', file], {}, undefined],
    ['no command', [], {}, undefined],
    ['threads are stated', ['convert', file, '--workers', '1'], {}, undefined],
    ['… with a sign', ['convert', file, '--workers=4'], {}, undefined],
    ['… by a variable', ['convert', file], { PINELOAD_WORKERS: '1' }, undefined],
    ['memory is stated', ['convert', file, '--max-memory', '64MB'], {}, undefined],
    ['a plan', ['convert', '--plan', 'out.pineload/'], {}, undefined],
    ['records that are joined', ['convert', file, '--to', 'out', '--join'], {}, undefined],
    ['help', ['convert', '-h'], {}, undefined],
  ])('%s', (_, args, env, bytes) => {
    expect(bytesToConvert(args, env)).toBe(bytes);
  });
});
