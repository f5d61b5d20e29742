// Builds dist/: TypeScript first, then the used parts of @dsnp/parquetjs as one file, so that users need not install it
// (its own dependencies hold a cloud SDK, a file system and WebAssembly that pineload never calls).
import { spawnSync } from 'node:child_process';
import { chmod, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { buildKernels } from './build-kernel.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, process.argv[2] ?? 'dist');
const PARQUETJS = join(dist, 'parquet', 'vendor', 'parquetjs.js');
const require = createRequire(import.meta.url);

const BUILTIN = new Set(builtinModules);

/** Packages and modules of parquetjs that the bundled ones load but never call on our paths: values are encoded by us. */
const UNUSED_PACKAGES = ['bson', 'brotli-wasm', 'int53', 'long', 'uuid', 'varint', 'xxhash-wasm'];
const UNUSED_MODULES = ['./bloomFilterIO/bloomFilterWriter', './jsonSchema', './shred'];

/** What parquetjs uses of Thrift: the compact protocol over a buffer. The package's own entry loads servers and sockets too. */
const THRIFT = `
exports.Thrift = require('thrift/lib/nodejs/lib/thrift/thrift.js');
exports.TBufferedTransport = require('thrift/lib/nodejs/lib/thrift/buffered_transport.js');
exports.TFramedTransport = require('thrift/lib/nodejs/lib/thrift/framed_transport.js');
exports.TCompactProtocol = require('thrift/lib/nodejs/lib/thrift/compact_protocol.js');
exports.Int64 = require('node-int64');
`;

/**
 * What is started. A disk syncs many files side by side in less time than one after the other, and Node has four threads for that unless it is
 * told before the first one works.
 */
const ENTRY = `#!/usr/bin/env node
'use strict';
process.env.UV_THREADPOOL_SIZE ??= '16';
require('../bundle/main.cjs');
`;

/** Packages that are ES modules only, which CommonJS cannot load at once in every Node: the command line holds them. */
const BUNDLED_PACKAGES = ['hyparquet', 'is-network-error', 'p-limit', 'p-retry', 'yocto-queue'];

await rm(dist, { recursive: true, force: true });
compile();
await buildKernels(dist);
await bundleParquetjs();
await bundleCli();

function compile() {
  const tsc = require.resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', dist], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * The command line and the threads in a few files: Node takes a millisecond or two for each module that it loads, and they are
 * hundreds. As CommonJS, since ES modules go through the thread pool one after the other and have Node load more of its own, which takes a
 * command 20 to 50 ms. What the library imports stays as it is.
 */
async function bundleCli() {
  const cli = join(dist, 'cli', 'main.js');
  const folder = join(dist, 'bundle');
  const foreign = new Set();
  // What the start needs stays apart: `--version` needs no more.
  const start = await modulesOf(cli);
  const program = await modulesOf(join(dist, 'cli', 'program.js'));
  const convert = await modulesOf(join(dist, 'pipeline', 'convert.js'), join(dist, 'uploaders', 'local-store.js'));
  await bundleOwn(cli, folder, foreign, [
    { name: 'start', test: (id) => id !== cli && start.has(id), priority: 3 },
    { name: 'program', test: (id) => program.has(id), priority: 2 },
    { name: 'convert', test: (id) => convert.has(id), priority: 1 },
  ]);
  await writeFile(join(folder, 'LICENSES.txt'), await licenceNotices('These files hold', foreign));
  const entry = join(dist, 'cli', 'main.cjs');
  await writeFile(entry, ENTRY);
  await chmod(entry, 0o755);
  const thread = join(dist, 'pipeline', 'threads', 'worker.js');
  await bundleOwn(thread, dirname(thread), foreign);
  // Threads run the bundle alone.
  await rm(thread);
}

/** The modules of our own that are loaded with any of these: what they import, but not what they only may import later. */
async function modulesOf(...entries) {
  const found = new Set(entries);
  for (const file of found) {
    const code = await readFile(file, 'utf8');
    for (const [, id] of code.matchAll(/^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];/gm))
      found.add(join(dirname(file), id));
  }
  return found;
}

/**
 * Bundles an entry with what it imports of our own, and of BUNDLED_PACKAGES, into `folder`; `import.meta.url` stays that of each module.
 *
 * @param foreign takes the modules of packages that were bundled
 * @param groups modules that become one file each, whoever imports them
 */
async function bundleOwn(entry, folder, foreign, groups = []) {
  const pathFrom = (file) => relative(folder, file).split(sep).join('/');
  const bundle = await rolldown({
    input: entry,
    platform: 'node',
    plugins: [
      {
        name: 'own-modules',
        resolveId(id, importer) {
          if (importer === undefined) return null;
          if (!id.startsWith('.')) {
            return BUNDLED_PACKAGES.includes(id.split('/')[0]) ? null : { id, external: true };
          }
          const file = join(dirname(importer), id);
          // Bundled already, with notices beside it.
          return file === PARQUETJS ? { id: pathFrom(`${file.slice(0, -3)}.cjs`), external: true } : null;
        },
        transform(code, id) {
          if (id.includes(`${sep}node_modules${sep}`)) foreign.add(id);
          if (!code.includes('import.meta.url')) return null;
          return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(pathFrom(id))}, bundleUrl).href`);
        },
      },
    ],
  });
  await bundle.write({
    dir: folder,
    format: 'cjs',
    intro: "const bundleUrl = require('node:url').pathToFileURL(__filename);",
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    ...(groups.length === 0 ? {} : { codeSplitting: { groups } }),
  });
  await bundle.close();
}

async function bundleParquetjs() {
  const file = PARQUETJS;
  const modules = new Set();
  const bundle = await rolldown({
    input: file,
    platform: 'node',
    plugins: [
      {
        name: 'only-what-is-used',
        resolveId(id) {
          if (id === 'thrift') return '\0thrift.cjs';
          if (UNUSED_PACKAGES.includes(id) || UNUSED_MODULES.includes(id)) return '\0unused.cjs';
          return null;
        },
        load(id) {
          if (id === '\0thrift.cjs') return THRIFT;
          if (id === '\0unused.cjs') return 'module.exports = {};';
          return null;
        },
        transform(code, id) {
          if (id.includes(`${sep}node_modules${sep}`)) modules.add(id);
          const used = id.endsWith(join('gen-nodejs', 'parquet_types.js')) ? withoutReading(code) : code;
          // Node warns of `new Buffer` outside node_modules, and a clone's dist/ is outside.
          if (!used.includes('new Buffer(')) return used === code ? null : used;
          return `const bufferOf = (x, encoding) => (typeof x === 'number' ? Buffer.alloc(x) : Buffer.from(x, encoding));\n${used.replaceAll(
            'new Buffer(',
            'bufferOf(',
          )}`;
        },
      },
    ],
    resolve: { conditionNames: ['node', 'require', 'default'] },
    external: [/^node:/],
  });
  // For those who import the library, and for the command line and the threads.
  for (const [format, name] of [
    ['esm', file],
    ['cjs', `${file.slice(0, -3)}.cjs`],
  ]) {
    const { output } = await bundle.generate({ format, minify: true });
    if (output.length !== 1) throw new Error(`expected one chunk, got ${output.length}`);
    const [{ code, imports }] = output;
    const foreign = imports.filter((id) => !id.startsWith('node:') && !BUILTIN.has(id));
    if (foreign.length > 0) throw new Error(`the parquetjs bundle still imports ${foreign.join(', ')}`);
    await writeFile(name, `// Third-party code, see LICENSES.txt beside this file.\n${code}`);
  }
  await bundle.close();
  await writeFile(
    join(dirname(file), 'LICENSES.txt'),
    await licenceNotices('parquetjs.js and parquetjs.cjs hold', modules),
  );
}

/** Thrift's structures are only written here. To read them is half of their code, which each thread would load. */
function withoutReading(code) {
  const rest = code.replaceAll(/^\w+\.prototype\[Symbol\.for\("read"\)\] = function \(input\) \{$[^]*?^\};$/gm, '');
  if (rest.length > 0.8 * code.length) throw new Error('the structures of Thrift are not written as they were');
  return rest;
}

/** The licence of every package that went into the bundle, as the package ships it. */
async function licenceNotices(which, modules) {
  const packages = new Map();
  for (const module of modules) {
    const end = module.lastIndexOf(`${sep}node_modules${sep}`) + `${sep}node_modules${sep}`.length;
    const parts = module.slice(end).split(sep);
    const name = parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join('/');
    packages.set(name, join(module.slice(0, end), name));
  }
  const notices = [`${which} code of these packages.`];
  for (const [name, directory] of [...packages].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
    const files = (await readdir(directory)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
    const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
    if (texts.length === 0) texts.push(await licenceFromComment(directory, manifest));
    const rule = '='.repeat(80);
    const version = manifest.version.replace(/^v/, '');
    notices.push(
      `${rule}\n${name} ${version} (${licenceName(manifest)})\n${rule}\n\n${texts.map((t) => t.trim()).join('\n\n')}`,
    );
  }
  return `${notices.join('\n\n')}\n`;
}

/** Older packages keep their licence at the top of the main file or at the end of the readme. */
async function licenceFromComment(directory, manifest) {
  const main = await readFile(join(directory, manifest.main ?? 'index.js'), 'utf8').catch(() => '');
  const comment = /^(?:\s*\/\/[^\n]*\n)+/.exec(main)?.[0];
  if (comment !== undefined && /permission|licen[cs]e/i.test(comment)) return comment.replaceAll(/^\/\/ ?/gm, '');
  const readme = await readFile(join(directory, 'README.md'), 'utf8').catch(() => '');
  const section = /^#+\s*licen[cs]e[^]*$/im.exec(readme)?.[0];
  if (section !== undefined) return section;
  throw new Error(`no licence text found for ${manifest.name}`);
}

function licenceName({ name, license, licenses }) {
  const found = typeof license === 'string' ? license : (license?.type ?? licenses?.map((l) => l.type).join(' OR '));
  if (!found) throw new Error(`${name} names no licence`);
  return found;
}
