import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Jobs, type Job } from '../../../src/pipeline/threads/jobs.js';

/** A job that notes what it is answered. */
function job(said: string[]): Job<string> {
  return { resolve: (answer) => said.push(answer), reject: ({ message }) => said.push(message) };
}

describe('jobs of a thread', () => {
  it('have numbers of their own, which are used again', () => {
    const said: string[] = [];
    const jobs = new Jobs<string>();
    const numbers = [jobs.add(job(said)), jobs.add(job(said)), jobs.add(job(said))];
    expect(new Set(numbers).size).toBe(3);
    expect(jobs.size).toBe(3);
    jobs.take(numbers[1]!).resolve('b');
    expect(jobs.size).toBe(2);
    expect(jobs.add(job(said))).toBe(numbers[1]);
    jobs.take(numbers[2]!).resolve('c');
    jobs.take(numbers[0]!).resolve('a');
    jobs.take(numbers[1]!).resolve('d');
    expect(said).toEqual(['b', 'c', 'a', 'd']);
    expect(jobs.size).toBe(0);
  });

  it('are taken once', () => {
    const jobs = new Jobs<string>();
    const number = jobs.add(job([]));
    jobs.take(number);
    expect(() => jobs.take(number)).toThrow(`no job ${number}`);
  });

  it('are all taken out where the thread has failed', () => {
    const said: string[] = [];
    const jobs = new Jobs<string>();
    for (let i = 0; i < 3; i++) jobs.add(job(said));
    jobs.take(1);
    for (const { reject } of jobs.takeAll()) reject(new Error('gone'));
    expect(said).toEqual(['gone', 'gone']);
    expect(jobs.size).toBe(0);
    expect(jobs.takeAll()).toEqual([]);
  });

  it('leave nothing behind that only a full collection finds', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
    const jobs = new Jobs<number[]>();
    const under: number[] = [];
    const add = (): void => {
      const columns = new Array<number>(1_000).fill(0);
      under.push(jobs.add({ resolve: () => columns, reject: () => columns }));
    };
    for (let i = 0; i < 8; i++) add();
    // What is there now is old from here on.
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 1; i <= 4_000; i++) {
      add();
      jobs.take(under.shift()!);
      if (i % 100 === 0) collect({ type: 'minor' });
    }
    collect({ type: 'minor' });
    // 32 MB have passed through.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5e6);
  });
});
