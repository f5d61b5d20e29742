import { expect, it } from 'vitest';
import { NamespaceNumbers } from '../../src/records/namespace-numbers.js';

it('gives a name the same number in every batch, in the order in which names came', () => {
  const numbers = new NamespaceNumbers();
  const first = ['b', 'a'];
  expect([...numbers.of(first)]).toEqual([0, 1]);
  expect([...numbers.of(['c', 'a', '__proto__', 'b'])]).toEqual([2, 1, 3, 0]);
  expect([...numbers.of([])]).toEqual([]);
  expect([...numbers.of(first)]).toEqual([0, 1]);
});

it('leaves what it gave for one batch as it was when the next one comes', () => {
  const numbers = new NamespaceNumbers();
  const first = numbers.of(['a', 'b']);
  numbers.of(['c', 'd']);
  expect([...first]).toEqual([0, 1]);
});
