import { describe, expect, test } from 'vitest';
import { keyGlob } from '../../src/sources/key-glob.js';
import { isRemote, parseRemote } from '../../src/sources/remote-uri.js';

test.each([
  ['s3://b/x', true],
  ['gs://b', true],
  ['https://a.blob.core.windows.net/c/x', true],
  ['http://127.0.0.1:10000/a/c/x', true],
  ['file:///tmp/x', false],
  ['C:\\data\\x.csv', false],
  ['a:b.csv', false],
  ['dir/x.csv', false],
])('%s', (input, expected) => {
  expect(isRemote(input)).toBe(expected);
});

const azure = 'https://acct.blob.core.windows.net/c';
test.each([
  ['s3://b/dir/x.jsonl', { root: 's3://b/dir/', key: 'x.jsonl', glob: undefined }],
  ['s3://b/x.jsonl', { root: 's3://b/', key: 'x.jsonl', glob: undefined }],
  ['s3://b/dir/', { root: 's3://b/dir/', key: '', glob: undefined }],
  ['gs://b', { root: 'gs://b/', key: '', glob: undefined }],
  ['s3://b/d%20/x%20.jsonl', { root: 's3://b/d%20/', key: 'x%20.jsonl', glob: undefined }],
  ['s3://b/what?.jsonl', { root: 's3://b/', key: 'what?.jsonl', glob: { root: 's3://b/', pattern: 'what?.jsonl' } }],
  ['s3://b/d/*/x.csv', { root: 's3://b/d/*/', key: 'x.csv', glob: { root: 's3://b/d/', pattern: '*/x.csv' } }],
  [
    `${azure}/d/x%20y.csv?sv=1&sig=abc`,
    { shown: `${azure}/d/x%20y.csv`, root: `${azure}/d/?sv=1&sig=abc`, key: 'x y.csv' },
  ],
  [`${azure}/d%20e/a*.csv?sig=abc`, { glob: { root: `${azure}/d%20e/?sig=abc`, pattern: 'a*.csv' } }],
  ['http://[::1]:10000/a/c/x.csv', { root: 'http://[::1]:10000/a/c/', glob: undefined }],
])('%s is taken apart', (input, expected) => {
  expect(parseRemote(input)).toMatchObject(expected);
});

test('a bad escape is refused without its query', () => {
  expect(() => parseRemote(`${azure}/100%.csv?sig=SECRET`)).toThrow(
    expect.objectContaining({ code: 'URI_INVALID', message: expect.not.stringContaining('SECRET') }),
  );
});

describe('globs over keys', () => {
  test.each<[string, string[], string[]]>([
    ['*.jsonl', ['a.jsonl', '.jsonl'], ['a.jsonl.gz', 'd/a.jsonl', 'ajsonl']],
    ['**/*.csv', ['a.csv', 'd/a.csv', 'd/e/a.csv'], ['a.tsv']],
    ['d/**', ['d/a', 'd/e/a'], ['e/a']],
    ['a**b', ['ab', 'axxb'], ['a/b']],
    ['part-?.{csv,tsv.gz}', ['part-1.csv', 'part-x.tsv.gz'], ['part-12.csv', 'part-1.tsv', 'part-/.csv']],
    ['p[0-9a].csv', ['p0.csv', 'pa.csv'], ['pb.csv', 'p.csv']],
    ['p[!0-9].csv', ['pa.csv'], ['p1.csv', 'p/.csv']],
    ['p[]].csv', ['p].csv'], ['p.csv']],
    ['a+(b).csv', ['a+(b).csv'], ['abb.csv']],
    ['open{.csv', ['open{.csv'], ['open.csv']],
    ['open[.csv', ['open[.csv'], ['open.csv']],
    ['a\nb*', ['a\nb', 'a\nb\nc'], ['ab']],
  ])('%s', (pattern, matching, others) => {
    const glob = keyGlob(pattern);
    expect(matching.filter((key) => !glob.test(key))).toEqual([]);
    expect(others.filter((key) => glob.test(key))).toEqual([]);
  });
});
