import { expect, test } from 'vitest';
import { renderNamespaces } from '../../src/cli/table.js';

const namespace = (name: string, rejected: number) => ({ namespace: name, records: 5, files: 1, bytes: 100, rejected });
/** Names and their rejected records. */
const told = (text: string): string[][] =>
  text
    .split('\n')
    .slice(2)
    .map((line) => line.split(/ {2,}/))
    .map((cells) => [cells[0]!, cells.at(-1)!]);

test('a table of namespaces tells of every reject, those of no listed namespace too', () => {
  expect(told(renderNamespaces([namespace('a', 2)], 2))).toEqual([['a', '2']]);
  expect(told(renderNamespaces([namespace('a', 2), namespace('b', 0)], 2))).toEqual([
    ['a', '2'],
    ['b', '0'],
    ['all', '2'],
  ]);
  expect(told(renderNamespaces([namespace('a', 2)], 12))).toEqual([
    ['a', '2'],
    ['(in none)', '10'],
    ['all', '12'],
  ]);
});
