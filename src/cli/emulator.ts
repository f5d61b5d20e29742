import { InvalidArgumentError, type Command } from 'commander';
import { PineloadError } from '../base/errors.js';
import type { EmulatorIndexOptions, Metric } from '../emulator/options.js';
import type { StoreAccess } from '../pipeline/stores.js';
import { runCommand, type OutputFlags } from './action.js';
import { addOptions, OUTPUT, STORE } from './options.js';

interface EmulatorFlags extends OutputFlags, StoreAccess {
  readonly port: number;
  readonly address: string;
  readonly index: EmulatorIndexOptions[];
  readonly stateDir?: string;
  readonly pendingMs?: number;
  readonly importMs?: number;
  readonly indexingMs?: number;
}

/** Port of the emulator unless told otherwise. */
export const DEFAULT_EMULATOR_PORT = 5081;

export function addEmulatorCommand(program: Command): void {
  const command = program
    .command('emulator')
    .summary('a local stand-in for the service, to rehearse imports')
    .description(
      'Answers like Pinecone: indexes, imports, stats, namespaces. Reads the Parquet that is really in the store.',
    )
    .option(
      '--index <spec>',
      'an index: name:dimension[:metric[:cloud]] or name:sparse[:cloud]; may be repeated',
      collectIndex,
      [],
    )
    .option('--port <n>', 'port of the control plane and the first index; 0 takes any', integer, DEFAULT_EMULATOR_PORT)
    .option('--address <address>', 'address to listen on', '127.0.0.1')
    .option('--state-dir <dir>', 'keep indexes and imports over restarts')
    .option('--pending-ms <n>', 'how long an import is Pending', integer)
    .option('--import-ms <n>', 'least time an import takes to read', integer)
    .option('--indexing-ms <n>', 'how long an import is InProgress at 100 %', integer);
  addOptions(command, STORE, OUTPUT)
    .addHelpText(
      'after',
      `
Examples:
  pineload emulator --index words:100
  pineload import start --uri out/words --index-name words --control-plane http://127.0.0.1:${DEFAULT_EMULATOR_PORT}`,
    )
    .action(async (flags: EmulatorFlags) => {
      await runCommand(flags, async ({ signal, onEvent, json }) => {
        const { renderEmulatorEvent, startEmulator } = await import('../emulator/index.js');
        const { openWithAccess } = await import('../pipeline/stores.js');
        const emulator = await startEmulator({
          openStore: (uri) => openWithAccess(uri, flags),
          indexes: flags.index,
          port: flags.port,
          address: flags.address,
          stateDir: flags.stateDir,
          pendingMs: flags.pendingMs,
          importMs: flags.importMs,
          indexingMs: flags.indexingMs,
          onEvent: (event) => onEvent({ type: 'note', message: renderEmulatorEvent(event) }),
        });
        const hosts = flags.index.map(({ name }) => ({ name, host: emulator.indexHost(name) }));
        // Said at once, since this command ends only when it is stopped; whoever starts it waits for this line.
        process.stdout.write(
          json
            ? `${JSON.stringify({ url: emulator.url, indexes: hosts })}\n`
            : `Emulator at ${emulator.url}\n${hosts.map(({ name, host }) => `  index ${name}: ${host}\n`).join('')}`,
        );
        onEvent({ type: 'note', message: 'Ctrl-C stops it.' });
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        await emulator.close();
        return { json: { stopped: true } };
      });
    });
}

function integer(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

const METRICS: readonly string[] = ['cosine', 'euclidean', 'dotproduct'];

/** `words:100`, `words:100:dotproduct:gcp`, `terms:sparse`. */
export function parseIndexSpec(text: string): EmulatorIndexOptions {
  const [name = '', kind = '', ...rest] = text.split(':');
  if (kind === 'sparse' && rest.length <= 1) return { name, vectorType: 'sparse', cloud: rest[0] };
  const [metric, cloud] = rest;
  if (!/^\d+$/.test(kind) || rest.length > 2 || (metric !== undefined && !METRICS.includes(metric))) {
    throw new PineloadError('OPTION_INVALID', {
      field: 'index',
      expected: 'name:dimension[:cosine|euclidean|dotproduct[:cloud]] or name:sparse[:cloud]',
      got: JSON.stringify(text),
    });
  }
  return { name, dimension: Number(kind), metric: metric as Metric | undefined, cloud };
}

function collectIndex(text: string, before: EmulatorIndexOptions[]): EmulatorIndexOptions[] {
  try {
    return [...before, parseIndexSpec(text)];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
