import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { build } from 'rolldown';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const SDKS = /node_modules\/(@aws-sdk|@smithy|@azure|@google-cloud|google-auth-library)\//;

describe('openStore', () => {
  let directory: string;
  let bundle: string;
  beforeAll(async () => {
    // Beside node_modules, so that the packages are found.
    directory = await fs.mkdtemp(path.join(process.cwd(), 'node_modules/.pineload-open-'));
    bundle = path.join(directory, 'open-store.mjs');
    await build({
      input: 'src/uploaders/open-store.ts',
      platform: 'node',
      external: [/^[^./]/, /^node:/],
      logLevel: 'silent',
      output: { dir: directory, entryFileNames: 'open-store.mjs', chunkFileNames: '[name].mjs' },
    });
  });
  afterAll(() => fs.rm(directory, { recursive: true, force: true }));

  /** Names of the SDK modules that a fresh process has loaded after opening `uri`, and what it printed to stderr. */
  async function loadedBy(uri: string) {
    const hooks = path.join(directory, 'hooks.mjs');
    await fs.writeFile(
      hooks,
      `import { appendFileSync } from 'node:fs';
       export async function load(url, context, next) { appendFileSync(process.env.LOADED, url + '\\n'); return next(url, context); }`,
    );
    const log = path.join(directory, `${uri.replace(/\W/g, '')}.log`);
    await fs.writeFile(log, '');
    const script = `
      const { createRequire, register } = await import('node:module');
      register(${JSON.stringify(`file://${hooks}`)});
      const { openStore } = await import(${JSON.stringify(`file://${bundle}`)});
      const store = await openStore(${JSON.stringify(uri)}, { region: 'us-east-1', anonymous: true });
      console.log(store.scheme);
      // What was required does not come by the hook.
      const required = Object.keys(createRequire(process.cwd() + '/any.js').cache);
      (await import('node:fs')).appendFileSync(process.env.LOADED, required.join('\\n'));`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, LOADED: log, NODE_OPTIONS: '' },
    });
    const loaded = (await fs.readFile(log, 'utf8')).split('\n').filter((url) => SDKS.test(url));
    return { scheme: stdout.trim(), stderr, sdks: new Set(loaded.map((url) => SDKS.exec(url)![1])) };
  }

  it.each([
    [path.join(os.tmpdir(), 'nowhere'), 'file', []],
    ['s3://bucket/a', 's3', ['@aws-sdk']],
    ['gs://bucket/a', 'gs', ['@google-cloud']],
    ['https://account.blob.core.windows.net/container/a', 'azure', ['@azure']],
  ])('loads for %s only what it needs, and says nothing', async (uri, scheme, expected) => {
    const { stderr, sdks, ...opened } = await loadedBy(uri);
    expect(opened.scheme).toBe(scheme);
    const clients = [...sdks].filter((name) => ['@aws-sdk', '@azure', '@google-cloud'].includes(name));
    expect(clients).toEqual(expected);
    expect(stderr).toBe('');
  });

  it('has the SDKs it looks for', () => {
    const { resolve } = createRequire(import.meta.url);
    for (const name of ['@aws-sdk/client-s3', '@azure/storage-blob', '@google-cloud/storage']) {
      expect(resolve(name)).toMatch(SDKS);
    }
  });
});
