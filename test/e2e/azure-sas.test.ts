import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/uploaders/open-store.js';
import { startAzurite, type Azurite } from '../support/azurite.js';
import { runCli } from '../support/run-cli.js';
import { readAll } from '../support/store-conformance.js';
import { useTempDir } from '../support/temp-dir.js';

const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const temp = useTempDir();
let azurite: Azurite;
let base: string;
let sas: string;
let signature: string;
/** All that was printed. */
let said = '';

beforeAll(async () => {
  azurite = await startAzurite();
  await azurite.createContainer('box');
  base = azurite.uri('box').replace(/\/$/, '');
  sas = await azurite.sas('box');
  signature = new URLSearchParams(sas).get('sig')!;
  await mkdir(temp('home'), { recursive: true });
});
afterAll(() => azurite.stop());

describe('a shared access signature in the URI', () => {
  let runs = 0;
  /** Every file that a job may ask for is asked for, and kept. */
  async function cli(...args: string[]) {
    const run = runs++;
    const job = ['summary', 'status', 'metrics'].flatMap((name) => [`--${name}-file`, temp(`job-${run}.${name}`)]);
    const result = await runCli([...args, ...job], { env: { HOME: temp('home'), TMPDIR: temp() } });
    said += result.stdout + result.stderr;
    return result;
  }
  const at = (directory: string, query = sas) => `${base}/${directory}?${query}`;

  it('opens the container for every command', async () => {
    const commands = [
      ['convert', WORDS, '--to', temp('local')],
      ['upload', temp('local'), '--to', at('up'), '--verify', '--json'],
      ['upload', temp('local'), '--to', at('up'), '--dry-run'],
      ['upload', '--to', at('up'), '--abort-stale'],
      ['plan', WORDS, '--to', at('shards'), '--json'],
      ['convert', '--plan', at('shards.pineload'), '--shard', '0/1'],
      ['commit', '--plan', at('shards.pineload'), '--json'],
      ['validate', at('shards')],
      ['inspect', at('up/symbols/part-00000-00000.parquet')],
      ['run', WORDS, '--to', at('whole'), '--rehearse', '--json'],
      ['run', WORDS, '--to', at('{run}'), '--run-id', 'seven', '--rehearse'],
    ];
    for (const command of commands) {
      const { code, stderr } = await cli(...command);
      expect([command[0], code, stderr]).toEqual([command[0], 0, expect.any(String)]);
    }
  }, 120_000);

  it('is refused in an error without it', async () => {
    const forged = sas.replace(/sig=[^&]+/, 'sig=Zm9yZ2VkIHNpZ25hdHVyZQ');
    const cases: [args: string[], code: number][] = [
      [['convert', WORDS, '--to', at('other', forged), '--tries', '2'], 4],
      [['upload', temp('local'), '--to', at('other', forged), '--tries', '2', '--json'], 4],
      [['convert', WORDS, '--to', at('other', await azurite.sas('box', 'rl'))], 4],
      [['convert', WORDS, '--to', at('up'), '--namespace', 'one'], 4],
      [['convert', at('none.jsonl'), '--to', temp('none')], 4],
      [['convert', at('none/*.jsonl'), '--to', temp('none'), '--json'], 4],
      [['upload', temp('local'), '--to', at('../up')], 2],
      [['upload', temp('local'), at('up'), '--to', at('up')], 2],
      [['upload', temp('local'), '--too', at('up')], 2],
    ];
    for (const [args, code] of cases) expect([args[0], (await cli(...args)).code]).toEqual([args[0], code]);
  }, 120_000);

  it('stands in nothing that was printed or stored', async () => {
    const texts = new Map([['output', said]]);
    for (const entry of await readdir(temp(), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      texts.set(file, await readFile(file, 'latin1'));
    }
    const store = await openStore(at(''));
    for await (const { key } of store.list('')) {
      texts.set(key, Buffer.from(await readAll(store.read(key))).toString('latin1'));
      const { metadata } = (await store.head(key))!;
      texts.set(`metadata of ${key}`, JSON.stringify(metadata));
    }
    await store.close();
    expect(texts.size).toBeGreaterThan(50);
    for (const secret of ['sig=', signature, encodeURIComponent(signature), 'Zm9yZ2Vk']) {
      expect([...texts].flatMap(([name, text]) => (text.includes(secret) ? [name] : []))).toEqual([]);
    }
  });
});
