// Creates files of the sizes of those in a directory, with other content: what a file system alone takes for them. With --sync each is made
// to last as a tool must that promises it: written under another name, synced, renamed, its directory synced; as many at once as pineload has.
import { closeSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { done, peerArguments } from './arguments.mjs';

const AT_ONCE = 32;
const { input, out, sync } = peerArguments();
const content = Buffer.alloc(1 << 20, 'pineload');
const started = performance.now();
const files = readdirSync(input, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
if (sync) await Promise.all(Array.from({ length: AT_ONCE }, makeSome));
else files.forEach(make);
done(undefined, (performance.now() - started) / 1000);

function placeOf(entry) {
  const from = join(entry.parentPath, entry.name);
  return { to: join(out, from.slice(input.length)), bytes: statSync(from).size };
}

function make(entry) {
  const { to, bytes } = placeOf(entry);
  mkdirSync(dirname(to), { recursive: true });
  const fd = openSync(to, 'w');
  for (let left = bytes; left > 0;) left -= writeSync(fd, content, 0, Math.min(left, content.length));
  closeSync(fd);
}

async function makeSome() {
  for (let entry = files.pop(); entry !== undefined; entry = files.pop()) {
    const { to, bytes } = placeOf(entry);
    await mkdir(dirname(to), { recursive: true });
    const file = await open(`${to}.new`, 'wx');
    for (let left = bytes; left > 0;) left -= writeSync(file.fd, content, 0, Math.min(left, content.length));
    await file.sync();
    await file.close();
    await rename(`${to}.new`, to);
    const directory = await open(dirname(to), 'r');
    await directory.sync();
    await directory.close();
  }
}
