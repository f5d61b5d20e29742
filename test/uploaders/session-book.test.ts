import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SessionBook } from '../../src/uploaders/session-book.js';
import { useTempDir } from '../support/temp-dir.js';

const URL = 'https://storage.example/upload?upload_id=secret';
const temp = useTempDir();

describe('addresses of upload sessions', () => {
  it.skipIf(process.platform === 'win32')('are kept where nobody but their owner can read them', async () => {
    const home = temp('home');
    const directory = join(home, 'pineload', 'sessions');
    // Whatever the caller lets others do with new files.
    const before = process.umask(0);
    try {
      const book = new SessionBook(directory, 'gs://bucket/a');
      await book.begin(URL, 'terms');
      await book.mark(262_144, 'abcd');
      const [name, ...others] = await fs.readdir(directory);
      expect(others).toEqual([]);
      expect(await fs.readFile(join(directory, name!), 'utf8')).toContain(URL);
      expect((await fs.stat(join(directory, name!))).mode & 0o777).toBe(0o600);
      for (const made of [directory, join(home, 'pineload')]) {
        expect((await fs.stat(made)).mode & 0o777).toBe(0o700);
      }
      await book.end();
      expect(await fs.readdir(directory)).toEqual([]);
    } finally {
      process.umask(before);
    }
  });

  it.skipIf(process.platform === 'win32')(
    'are not readable in a directory that is, and which is left as it is',
    async () => {
      const directory = temp('open');
      await fs.mkdir(directory, { recursive: true });
      await fs.chmod(directory, 0o755);
      await new SessionBook(directory, 'gs://bucket/b').begin(URL, 'terms');
      const [name] = await fs.readdir(directory);
      expect((await fs.stat(join(directory, name!))).mode & 0o777).toBe(0o600);
      expect((await fs.stat(directory)).mode & 0o777).toBe(0o755);
    },
  );
});
