// The floor of an upload to a directory: each file copied and fsynced, one after the other.
import { closeSync, copyFileSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { done, peerArguments } from './arguments.mjs';

const { input, out } = peerArguments();
const started = performance.now();
for (const entry of readdirSync(input, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const from = join(entry.parentPath, entry.name);
  const to = join(out, from.slice(input.length));
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  const fd = openSync(to, 'r+');
  fsyncSync(fd);
  closeSync(fd);
}
done(undefined, (performance.now() - started) / 1000);
