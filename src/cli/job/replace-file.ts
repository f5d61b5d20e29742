import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Errors by which a directory refuses new names, or a mount point its renaming, though the file itself can be written. */
const NO_RENAME = new Set(['EACCES', 'EBUSY', 'EPERM', 'EROFS', 'EXDEV']);

/**
 * Replaces a small file so that readers see the old or the new content and nothing between. Synchronous, so that it also works
 * right before the process exits.
 *
 * What cannot be renamed over is written in place: a device or pipe, and a file that is mounted by itself, as Kubernetes'
 * /dev/termination-log is.
 *
 * @throws the error of the file system
 */
export function replaceFile(file: string, text: string): void {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile()) {
    writeFileSync(file, text);
    return;
  }
  // The node exporter reads `*.prom` and nothing else, so this name is never taken for a finished file.
  const temp = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    writeFileSync(temp, text);
    renameSync(temp, file);
  } catch (error) {
    rmSync(temp, { force: true });
    if (there === undefined || !NO_RENAME.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    writeFileSync(file, text);
  }
}
