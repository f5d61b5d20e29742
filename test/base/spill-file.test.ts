import { watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SpillFile } from '../../src/base/spill-file.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();

describe('a temporary file for what does not fit into memory', () => {
  it.runIf(process.platform === 'linux')(
    'never has a name, so that a kill at any moment leaves nothing behind',
    async () => {
      const names: (string | null)[] = [];
      const watcher = watch(temp(), (_, name) => names.push(name));
      const file = new SpillFile(temp());
      const block = Buffer.alloc(5_000_000, 7);
      const offset = await file.append([block]);
      await file.flush();
      await sleep(100);
      // The kernel tells of a file without a name by its number.
      expect(names.filter((name) => !name?.startsWith('#'))).toEqual([]);
      expect(await readdir(temp())).toEqual([]);
      expect(Buffer.from(await file.read(offset, block.length)).equals(block)).toBe(true);
      await file.close();
      watcher.close();
    },
  );

  it('says that its directory is missing', async () => {
    const file = new SpillFile(temp('none'));
    await file.append([Buffer.alloc(10)]);
    await expect(file.flush()).rejects.toMatchObject({ code: 'STORE_REFUSED', source: temp('none') });
    await file.close();
  });
});
