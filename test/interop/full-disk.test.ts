import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { CLI } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
mkdirSync(temp('disk'));

/** A small file system of its own, where this machine lets us mount one. */
const inSmallDisk = (megabytes: number, command: string): string[] => [
  '-rm',
  'sh',
  '-c',
  `mount -t tmpfs -o size=${megabytes}m tmpfs '${temp('disk')}' && ${command}`,
];
const possible = spawnSync('unshare', inSmallDisk(1, 'true')).status === 0;

describe('a full disk', () => {
  it.runIf(possible)('is one clear error, and nothing half-written looks whole', async () => {
    const line = (i: number): string =>
      JSON.stringify({ id: `r${i}`, values: Array.from({ length: 512 }, (_, j) => i + j / 8 + 1) });
    await writeFile(temp('in.jsonl'), Array.from({ length: 4000 }, (_, i) => line(i)).join('\n'));
    const disk = temp('disk');
    const convert = `'${process.execPath}' '${CLI}' convert '${temp('in.jsonl')}' --to '${disk}/out'; code=$?`;
    const look = `find '${disk}' -name '*.parquet' -o -name manifest.json; exit $code`;
    const { code, stdout, stderr } = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile('unshare', inSmallDisk(4, `${convert}; ${look}`), (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout: out, stderr: err });
      });
    });
    expect(stderr).toContain('[STORE_FULL]');
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe('');
    expect(code).toBe(4);
  });
});
