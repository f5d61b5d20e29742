import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseBytes } from '../base/bytes.js';
import type { EmulatorIndexOptions, EmulatorOptions } from '../emulator/options.js';
import { PLANS, type Plan } from '../emulator/plans.js';
import { EMULATOR_API_KEY, findApiKey } from '../importer/api-key.js';
import { parseRecordLimits, type RecordLimits } from '../records/limits.js';
import type { StoreAccess } from '../pipeline/stores.js';
import { runCommand, type OutputFlags } from './action.js';
import { readFaults } from './faults-option.js';
import { parseIndexSpec } from './index-spec.js';
import { addOptions, STORE, TALK } from './options.js';
import { runBeside } from './run-beside.js';

interface EmulatorFlags extends OutputFlags, StoreAccess {
  readonly index: EmulatorIndexOptions[];
  readonly port?: number;
  readonly address?: string;
  readonly advertisedHost?: string;
  readonly apiKeyFile?: string;
  readonly stateDir?: string;
  readonly pendingMs?: number;
  readonly importMs?: number;
  readonly indexingMs?: number;
  readonly recordsPerSecond?: number;
  readonly keep?: number;
  readonly extraColumns?: 'refuse' | 'ignore';
  readonly plan?: Plan;
  readonly namespacesPerIndex?: number;
  readonly namespacesPerImport?: number;
  readonly filesPerImport?: number;
  readonly bytesPerFile?: number;
  readonly bytesPerImport?: number;
  readonly uriLength?: number;
  readonly limits?: RecordLimits;
  readonly faults?: string;
}

/** Port of the emulator unless told otherwise; with a command to run, any that is free. */
export const DEFAULT_EMULATOR_PORT = 5081;
/** The only API key accepted, where it is set (as `--api-key-file`). A flag would show it to everyone on the machine. */
export const EMULATOR_API_KEY_VARIABLE = 'PINELOAD_EMULATOR_API_KEY';

const LISTENING = options('Listening', [
  ['--address <address>', 'address to listen on; 0.0.0.0 in a container (default: 127.0.0.1)'],
  ['--advertised-host <host>', 'host name in the addresses handed out (default: that of --address)'],
  [
    '--api-key-file <file>',
    `file with the only API key accepted, or variable ${EMULATOR_API_KEY_VARIABLE} (default: any)`,
  ],
  ['--state-dir <dir>', 'keep indexes and imports over restarts'],
]);

const IMPORTS = options('Imports', [
  ['--pending-ms <n>', 'how long an import is Pending', integer],
  ['--import-ms <n>', 'least time an import takes to read', integer],
  ['--records-per-second <n>', 'most records read per second', integer],
  ['--indexing-ms <n>', 'how long an import is InProgress at 100 %', integer],
  ['--keep <size>', 'memory for records that can be fetched (default: 256MiB)', (text) => parseBytes(text, 'keep')],
]);

const LIMITS = options('Limits', [
  ['--namespaces-per-index <n>', 'default: that of the plan', integer],
  ['--namespaces-per-import <n>', 'default: 10000', integer],
  ['--files-per-import <n>', 'default: 100000', integer],
  ['--bytes-per-file <size>', 'default: 10GB', (text) => parseBytes(text, 'bytesPerFile')],
  ['--uri-length <n>', 'characters of the URI of an import (default: 1500)', integer],
  ['--bytes-per-import <size>', 'default: 1TB', (text) => parseBytes(text, 'bytesPerImport')],
  ['--limits <limits>', 'limits of a record, as everywhere: "metadata-bytes=60KB,dimension=30000"', parseRecordLimits],
]);

const BEHAVIOUR = [
  {
    group: 'Limits',
    flags: '--plan <plan>',
    text: 'pricing plan; starter and builder have no imports (default: standard)',
    choices: PLANS,
  },
  {
    group: 'Imports',
    flags: '--extra-columns <what>',
    text: 'what becomes of columns the service does not know (default: refuse)',
    choices: ['refuse', 'ignore'],
  },
  { group: 'Faults', flags: '--faults <json>', text: 'what goes wrong: JSON, or a file that holds it' },
];

export function addEmulatorCommand(program: Command): void {
  const command = program
    .command('emulator')
    .summary('a local stand-in for the service, to rehearse and test imports')
    .description(
      'Answers like Pinecone: indexes, imports, stats, namespaces. Reads the Parquet that is really in the store. With a ' +
        'command, runs it with the official clients pointed at the emulator, and ends with its exit code.',
    )
    .argument('[command...]', 'after --: a command to run against it')
    .addOption(
      new Option(
        '--index <spec>',
        'an index: name:dimension[:metric|hybrid[:cloud]] or name:sparse[:cloud]; may be repeated',
      )
        .argParser(collectIndex)
        .default([], 'none'),
    )
    // No variable of its own: Kubernetes sets PINELOAD_PORT to tcp://… beside a service that is called pineload.
    .addOption(
      new Option(
        '--port <n>',
        `control plane and first index, the next indexes after it; 0 takes any (default: ${DEFAULT_EMULATOR_PORT})`,
      ).argParser(integer),
    );
  addOptions(command, LISTENING, IMPORTS, LIMITS, BEHAVIOUR, STORE, TALK)
    .addHelpText(
      'after',
      `
Examples:
  pineload emulator --index words:100
  pineload emulator --index words:100 -- npm test
  pineload import start --uri out/words --index-name words --control-plane http://127.0.0.1:${DEFAULT_EMULATOR_PORT}`,
    )
    .action((args: string[], flags: EmulatorFlags) => runEmulator(args, flags));
}

function runEmulator(args: readonly string[], flags: EmulatorFlags): Promise<void> {
  const withCommand = args.length > 0;
  return runCommand(flags, async ({ signal, onEvent, json }) => {
    const { renderEmulatorEvent, startEmulator } = await import('../emulator/index.js');
    const apiKey = await findApiKey(flags, { PINECONE_API_KEY: process.env[EMULATOR_API_KEY_VARIABLE] });
    const emulator = await startEmulator({
      ...(await settingsOf(flags)),
      port: flags.port ?? (withCommand ? 0 : DEFAULT_EMULATOR_PORT),
      apiKey,
      onEvent: (event) => onEvent({ type: 'note', message: renderEmulatorEvent(event) }),
    });
    try {
      const hosts = flags.index.map(({ name }) => ({ name, host: emulator.indexHost(name) }));
      const text = `Emulator at ${emulator.url}${hosts.map(({ name, host }) => `\n  index ${name}: ${host}`).join('')}`;
      if (withCommand) {
        onEvent({ type: 'note', message: text });
        const exitCode = await runBeside(args, clientSettings(emulator.url, apiKey), signal);
        return { json: { url: emulator.url, indexes: hosts, exitCode }, exitCode };
      }
      // Said at once, since this command ends only when it is stopped; whoever starts it waits for this line.
      process.stdout.write(`${json ? JSON.stringify({ url: emulator.url, indexes: hosts }) : text}\n`);
      onEvent({ type: 'note', message: 'Ctrl-C stops it.' });
      if (!signal.aborted) {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      }
      return { json: { stopped: true } };
    } finally {
      await emulator.close();
    }
  });
}

async function settingsOf(flags: EmulatorFlags): Promise<EmulatorOptions> {
  const { openWithAccess } = await import('../pipeline/stores.js');
  const { namespacesPerIndex, namespacesPerImport, filesPerImport, bytesPerFile, bytesPerImport, uriLength } = flags;
  const ofImports = { namespacesPerImport, filesPerImport, bytesPerFile, bytesPerImport, uriLength };
  return {
    openStore: (uri) => openWithAccess(uri, flags),
    indexes: flags.index,
    address: flags.address,
    advertisedHost: flags.advertisedHost,
    stateDir: flags.stateDir,
    pendingMs: flags.pendingMs,
    importMs: flags.importMs,
    indexingMs: flags.indexingMs,
    recordsPerSecond: flags.recordsPerSecond,
    keepBytes: flags.keep,
    extraColumns: flags.extraColumns,
    plan: flags.plan,
    limits: { namespacesPerIndex, ...ofImports, records: flags.limits },
    faults: flags.faults === undefined ? undefined : await readFaults(flags.faults),
  };
}

/** Points Pinecone's official clients (their own two variables) and pineload itself at the emulator. */
function clientSettings(url: string, apiKey: string | undefined): Record<string, string> {
  return {
    PINECONE_CONTROLLER_HOST: url,
    PINECONE_API_KEY: apiKey ?? EMULATOR_API_KEY,
    PINELOAD_CONTROL_PLANE: url,
  };
}

type Flag = readonly [flags: string, text: string, parse?: (text: string) => unknown];

function options(group: string, list: readonly Flag[]): { group: string; flags: string; text: string }[] {
  return list.map(([flags, text, parse]) => ({ group, flags, text, ...(parse ? { parse } : {}) }));
}

function integer(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

function collectIndex(text: string, before: EmulatorIndexOptions[]): EmulatorIndexOptions[] {
  try {
    return [...before, parseIndexSpec(text)];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
