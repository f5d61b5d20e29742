// The floor: read the input, find its lines, write as many bytes as pineload wrote, fsync. No tool that reads this input and
// writes that output from one thread can be faster.
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { done, peerArguments } from './arguments.mjs';

const CHUNK_BYTES = 8 << 20;

const { input, out, bytes } = peerArguments();
mkdirSync(out, { recursive: true });
const started = performance.now();
const share = bytes / statSync(input).size;
const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
const source = openSync(input, 'r');
const target = openSync(join(out, 'floor.bin'), 'w');
let lines = 0;
let read = 0;
let written = 0;
for (let length; (length = readSync(source, buffer, 0, CHUNK_BYTES, null)) > 0;) {
  const chunk = buffer.subarray(0, length);
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
  read += length;
  // As the input goes by, its share of the output; what is written is of no matter.
  for (let due = Math.round(read * share) - written; due > 0;) {
    const count = writeSync(target, chunk, 0, Math.min(due, length));
    written += count;
    due -= count;
  }
}
fsyncSync(target);
closeSync(target);
closeSync(source);
done(lines, (performance.now() - started) / 1000);
