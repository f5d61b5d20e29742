// Compiles the reader kernel (AssemblyScript, WebAssembly SIMD) to one file.
//
//     node tools/build-kernel.mjs [FILE]        default: src/readers/kernel/kernel.wasm, where tests look for it
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src', 'readers', 'kernel', 'assembly');

/** Where the sources' own build lies, beside the code that loads it; not in version control. */
export const DEVELOPMENT_KERNEL = join(root, 'src', 'readers', 'kernel', 'kernel.wasm');

/** Compiles the kernel to `file`. The same sources give the same bytes. Throws with the compiler's report. */
export async function buildKernel(file = DEVELOPMENT_KERNEL) {
  const report = [];
  const output = { write: (text) => void report.push(String(text)) };
  const { error } = await asc.main(
    [
      ...['index.ts', '--baseDir', sources, '--outFile', 'kernel.wasm'],
      // No garbage collector: the kernel takes no objects, only addresses. No assertions: they are for objects too.
      ...['--runtime', 'stub', '--noAssert', '--enable', 'simd'],
      ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge'],
    ],
    {
      stdout: output,
      stderr: output,
      readFile: (name, base) => readFile(resolve(base, name), 'utf8').catch(() => null),
      writeFile: async (name, contents) => {
        if (!name.endsWith('.wasm')) return;
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, contents);
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`the kernel does not compile\n${report.join('')}`, { cause: error });
}

/** Compiles the development kernel if a source is newer than it. */
export async function ensureKernel() {
  const built = await stat(DEVELOPMENT_KERNEL).catch(() => undefined);
  const names = [...(await readdir(sources)).map((name) => join(sources, name)), fileURLToPath(import.meta.url)];
  const changed = await Promise.all(names.map(async (name) => (await stat(name)).mtimeMs));
  if (built === undefined || changed.some((time) => time > built.mtimeMs)) await buildKernel();
}

/** For vitest (globalSetup): tests run the sources, which look for the development kernel. */
export const setup = ensureKernel;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildKernel(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
}
