import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A directory of its own for a test file, removed after it. Call it at the top of the file; gives paths inside. */
export function useTempDir(): (...parts: string[]) => string {
  const root = mkdtempSync(join(tmpdir(), 'pineload-test-'));
  afterAll(() => rm(root, { recursive: true, force: true }));
  return (...parts) => join(root, ...parts);
}
