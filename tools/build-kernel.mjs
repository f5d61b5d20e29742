// Compiles the kernels (AssemblyScript, WebAssembly SIMD), each to one file beside the code that loads it.
//
//     node tools/build-kernel.mjs [DIR]        default: src/, where tests look for them
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const src = fileURLToPath(new URL('../src', import.meta.url));

/**
 * Folders below src/ whose `assembly/` is a kernel, its file there, not in version control, the folders of those it imports from, and whether
 * its memory is shared with other threads (see `sharedWasmMemory`).
 */
const KERNELS = [
  { folder: 'readers/kernel', file: 'kernel.wasm', uses: ['base', 'records/plain', 'records/fingerprint'] },
  { folder: 'records/fingerprint', file: 'fingerprint.wasm', uses: ['base'] },
  { folder: 'records/plain', file: 'plain.wasm', uses: ['base'] },
  { folder: 'parquet/decode/texts', file: 'texts.wasm', uses: ['base'] },
  { folder: 'uploaders/checksum', file: 'crc.wasm' },
  { folder: 'parquet/snappy', file: 'snappy.wasm', uses: ['base'] },
  { folder: 'duplicates/sort', file: 'sort.wasm', uses: ['base'] },
  { folder: 'duplicates/seen', file: 'seen.wasm', uses: ['base'] },
  { folder: 'writers/scattered', file: 'scattered.wasm', uses: ['base'], shared: true },
];

/** Memory that is given to the kernel, up to 4 GiB of it. */
const SHARED_MEMORY = [
  ...['--enable', 'threads', '--enable', 'bulk-memory', '--importMemory', '--sharedMemory'],
  ...['--initialMemory', '1', '--maximumMemory', '65536'],
];

const sourcesOf = ({ folder }) => join(src, folder, 'assembly');

/** Compiles all kernels to their places below `root`. */
export async function buildKernels(root = src) {
  for (const kernel of KERNELS) await buildKernel(kernel, join(root, kernel.folder, kernel.file));
}

/** Compiles a kernel to `file`. The same sources give the same bytes. Throws with the compiler's report. */
async function buildKernel(kernel, file) {
  const report = [];
  const output = { write: (text) => void report.push(String(text)) };
  const { error } = await asc.main(
    [
      ...['index.ts', '--baseDir', sourcesOf(kernel), '--outFile', 'kernel.wasm'],
      // No garbage collector: the kernel takes no objects, only addresses. No assertions: they are for objects too.
      ...['--runtime', 'stub', '--noAssert', '--enable', 'simd'],
      ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge'],
      ...(kernel.shared === true ? SHARED_MEMORY : []),
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
  if (error) throw new Error(`the kernel of ${kernel.folder} does not compile\n${report.join('')}`, { cause: error });
}

/** Compiles the kernels of which a source is newer. */
export async function ensureKernels() {
  for (const kernel of KERNELS) {
    const file = join(src, kernel.folder, kernel.file);
    const built = await stat(file).catch(() => undefined);
    const names = [fileURLToPath(import.meta.url)];
    for (const folder of [kernel.folder, ...(kernel.uses ?? [])]) {
      const sources = sourcesOf({ folder });
      names.push(...(await readdir(sources)).map((name) => join(sources, name)));
    }
    const changed = await Promise.all(names.map(async (name) => (await stat(name)).mtimeMs));
    if (built === undefined || changed.some((time) => time > built.mtimeMs)) await buildKernel(kernel, file);
  }
}

/** For vitest (globalSetup): tests run the sources, which look for the kernels beside them. */
export const setup = ensureKernels;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildKernels(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
}
