import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STATE_FILE } from '../../src/emulator/index.js';
import { LOCK_DIRECTORY, LOCK_STALE_MS, StateLock } from '../../src/emulator/state/state-lock.js';
import { call, emulate, tempDir } from './support.js';

async function leaveLock(directory: string, holder: object, ageMs: number): Promise<void> {
  const path = join(directory, LOCK_DIRECTORY, 'left-over');
  await mkdir(join(directory, LOCK_DIRECTORY), { recursive: true });
  await writeFile(path, JSON.stringify({ token: 'left-over', ...holder }));
  const then = new Date(Date.now() - ageMs);
  await utimes(path, then, then);
}

/** Id of a process that has ended. */
function endedPid(): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', '0']);
    child.once('exit', () => resolve(child.pid!));
  });
}

describe('a state directory', () => {
  it('is for one emulator at a time, and the second leaves it as it is', async () => {
    const stateDir = await tempDir();
    const first = await emulate({ stateDir });
    await call(first.url, 'POST', '/namespaces', { name: 'kept' });
    const before = await readFile(join(stateDir, STATE_FILE), 'utf8');
    await expect(emulate({ stateDir, indexes: [] })).rejects.toMatchObject({
      code: 'EMULATOR_STATE_IN_USE',
      exitCode: 4,
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}`),
    });
    expect(await readFile(join(stateDir, STATE_FILE), 'utf8')).toBe(before);
    expect((await readdir(stateDir)).sort()).toEqual([STATE_FILE, LOCK_DIRECTORY].sort());
    await first.close();
    const second = await emulate({ stateDir });
    expect((await call(second.url, 'GET', '/namespaces/kept')).status).toBe(200);
  });

  it('is taken over at once from a process that is gone', async () => {
    const stateDir = await tempDir();
    await leaveLock(stateDir, { pid: await endedPid(), host: hostname() }, 0);
    await emulate({ stateDir });
  });

  it('is taken over from an earlier container, whose process had our number', async () => {
    const stateDir = await tempDir();
    await leaveLock(stateDir, { pid: process.pid, host: hostname() }, 0);
    await emulate({ stateDir });
  });

  it.each([
    ['another machine', { pid: 1, host: 'elsewhere' }],
    ['a writer that wrote nothing readable', { pid: 'x' }],
  ])('is taken over from %s only when it has been silent', async (_, holder) => {
    const stateDir = await tempDir();
    await leaveLock(stateDir, holder, 0);
    await expect(emulate({ stateDir })).rejects.toMatchObject({ code: 'EMULATOR_STATE_IN_USE' });
    await leaveLock(stateDir, holder, LOCK_STALE_MS + 1_000);
    await emulate({ stateDir });
  });

  it('goes to one of many that find the same left-over lock, in whatever order they look and take', async () => {
    const pid = await endedPid();
    for (let round = 0; round < 100; round++) {
      const stateDir = await tempDir();
      await leaveLock(stateDir, { pid, host: hostname() }, 0);
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => StateLock.take(stateDir)));
      const taken = all.filter((each) => each.status === 'fulfilled');
      expect(taken, `round ${round}`).toHaveLength(1);
      for (const each of all) {
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'EMULATOR_STATE_IN_USE' });
      }
      await taken[0]!.value.release();
      expect(await readdir(stateDir)).toEqual([]);
    }
  });

  it('is taken when one that was ended while it took the lock left only an empty directory', async () => {
    const stateDir = await tempDir();
    await mkdir(join(stateDir, LOCK_DIRECTORY));
    const lock = await StateLock.take(stateDir);
    await lock.release();
    expect(await readdir(stateDir)).toEqual([]);
  });

  it('stays with who has taken it from one that was silent and comes back', async () => {
    const stateDir = await tempDir();
    const silent = await StateLock.take(stateDir);
    const [file] = await readdir(join(stateDir, LOCK_DIRECTORY));
    await rm(join(stateDir, LOCK_DIRECTORY, file!));
    const next = await StateLock.take(stateDir);
    await silent.release();
    await expect(StateLock.take(stateDir)).rejects.toMatchObject({ code: 'EMULATOR_STATE_IN_USE' });
    await next.release();
  });

  it('is not written to when the start fails', async () => {
    const stateDir = await tempDir();
    await writeFile(join(stateDir, STATE_FILE), 'precious');
    await expect(emulate({ stateDir })).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    expect(await readFile(join(stateDir, STATE_FILE), 'utf8')).toBe('precious');
    expect(await readdir(stateDir)).toEqual([STATE_FILE]);

    const full = await tempDir();
    await (await emulate({ stateDir: full })).close();
    const before = await readFile(join(full, STATE_FILE), 'utf8');
    await expect(emulate({ stateDir: full, indexes: [{ name: 'BAD' }] })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
    expect(await readFile(join(full, STATE_FILE), 'utf8')).toBe(before);
  });
});
