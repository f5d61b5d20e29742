import process from 'node:process';
import { parseArgs } from 'node:util';

/**
 * What every peer is told: `--input FILE --out DIR|FILE --kind jsonl-17 [--threads 2] [--rows 1000] [--bytes N] [--sync]`.
 */
export function peerArguments() {
  const { values } = parseArgs({
    options: {
      input: { type: 'string' },
      out: { type: 'string' },
      kind: { type: 'string' },
      threads: { type: 'string', default: '1' },
      rows: { type: 'string' },
      bytes: { type: 'string' },
      sync: { type: 'boolean', default: false },
    },
  });
  const number = (text) => (text === undefined ? undefined : Number(text));
  return { ...values, threads: number(values.threads), rows: number(values.rows), bytes: number(values.bytes) };
}

/** What a peer says when it is done: rows, and the seconds that its work took without starting Node and loading code. */
export function done(rows, workSeconds) {
  process.stdout.write(`${JSON.stringify({ rows, workSeconds })}\n`);
}
