// Creates files of the sizes of those in a directory, with other content: what a file system alone takes for them.
import { closeSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { done, peerArguments } from './arguments.mjs';

const { input, out } = peerArguments();
const content = Buffer.alloc(1 << 20, 'pineload');
const started = performance.now();
for (const entry of readdirSync(input, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const from = join(entry.parentPath, entry.name);
  const to = join(out, from.slice(input.length));
  mkdirSync(dirname(to), { recursive: true });
  const fd = openSync(to, 'w');
  for (let left = statSync(from).size; left > 0;) left -= writeSync(fd, content, 0, Math.min(left, content.length));
  closeSync(fd);
}
done(undefined, (performance.now() - started) / 1000);
