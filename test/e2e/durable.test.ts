import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const NOTE_SYNCS = fileURLToPath(new URL('../support/note-syncs.cjs', import.meta.url));

/**
 * What lasts through a power cut: a file whose bytes were synced before it got its name, and whose directory was synced after, in a directory
 * that itself lasts.
 */
class Disk {
  readonly #synced = new Set<string>();
  /** Names that wait for their directory's sync. */
  readonly #waiting = new Map<string, Set<string>>();
  readonly #lasting = new Set<string>();

  take([what, ...paths]: readonly string[]): void {
    const [path, to] = paths.map((one) => resolve(one));
    if (what === 'mkdir') this.#wait(path!);
    else if (what === 'name') {
      expect(this.#synced.has(path!), `${to} before its bytes are synced`).toBe(true);
      this.#wait(to!);
    } else {
      this.#synced.add(path!);
      for (const name of this.#waiting.get(path!) ?? []) this.#lasting.add(name);
      this.#waiting.delete(path!);
    }
  }

  #wait(path: string): void {
    const names = this.#waiting.get(dirname(path)) ?? new Set();
    this.#waiting.set(dirname(path), names.add(path));
  }

  /** @param root its own directory is not the command's to sync */
  lasts(path: string, root: string): boolean {
    if (path === root) return true;
    return this.#lasting.has(path) && this.lasts(dirname(path), root);
  }
}

it('a split is in the journal when its files and their directories are synced; the manifest when the journal is', async () => {
  const lines = Array.from({ length: 60 }, (_, i) =>
    JSON.stringify({ id: `r${i}`, values: [i, 1], namespace: `n${i % 3}` }),
  );
  for (const [i, name] of ['a', 'b', 'c'].entries()) {
    await writeFile(temp(`${name}.jsonl`), `${lines.slice(20 * i, 20 * i + 20).join('\n')}\n`);
  }
  const inputs = ['a', 'b', 'c'].map((name) => temp(`${name}.jsonl`));
  const env = { NODE_OPTIONS: `--require ${NOTE_SYNCS}`, NOTE_SYNCS: temp('syncs') };
  const { code, stderr } = await runCli(['convert', ...inputs, '--to', temp('out'), '--split-size', '1'], { env });
  expect(code, stderr).toBe(0);

  const disk = new Disk();
  const journal: string[] = [];
  for (const line of (await readFile(temp('syncs'), 'utf8')).trimEnd().split('\n')) {
    const event = JSON.parse(line) as string[];
    const named = event[0] === 'name' ? event[2]! : '';
    if (/^split-\d+\.json$/.test(basename(named)) && named.includes('journal')) {
      const { files } = JSON.parse(await readFile(named, 'utf8')) as { files: { path: string }[] };
      expect(files).toHaveLength(3);
      for (const { path } of files) expect(disk.lasts(temp('out', path), temp()), path).toBe(true);
      journal.push(named);
    }
    if (basename(named) === 'manifest.json') {
      expect(journal).toHaveLength(3);
      for (const entry of journal) expect(disk.lasts(entry, temp()), entry).toBe(true);
    }
    disk.take(event);
  }
  expect(disk.lasts(temp('out.pineload', 'manifest.json'), temp())).toBe(true);
});
