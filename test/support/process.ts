import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Ports that are tried for one server. */
const PORT_TRIES = 3;

/** Starts a server on a free port; on another one when that is taken between the look and the use, or the server does not come up. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (tries === PORT_TRIES) throw error;
      console.warn(`a server did not start, it is tried again: ${String(error)}`);
    }
  }
}

export interface ServerProcess {
  stop(): Promise<void>;
}

/** Longest time a server may take to answer its first request. */
const START_MS = 40_000;
/** A request that is not answered by then is sent again. */
const ANSWER_MS = 5_000;

/** Starts a server and waits until `url` answers with any HTTP status. It is stopped by its own process id. */
export async function startServer(
  command: string,
  args: readonly string[],
  url: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => (said = `${said}${data}`.slice(-4000)));
  const gone = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${said}`)));
  });
  gone.catch(() => undefined);
  try {
    await Promise.race([gone, untilAnswered(url)]);
  } catch (error) {
    await stopProcess(child);
    throw error;
  }
  return { stop: () => stopProcess(child) };
}

async function untilAnswered(url: string): Promise<void> {
  const end = Date.now() + START_MS;
  for (;;) {
    try {
      await (await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })).arrayBuffer();
      return;
    } catch (error) {
      if (Date.now() > end) throw new Error(`no answer from ${url}`, { cause: error });
      await sleep(50);
    }
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}

/**
 * A server's binary: from PINELOAD_TEST_BIN, from `.cache/bin` where `.ci/install-servers.sh` puts it, or from PATH. Throws when
 * there is none: a suite that silently skips proves nothing.
 */
export function findBinary(name: string): string {
  const places = [
    process.env['PINELOAD_TEST_BIN'] ?? '.cache/bin',
    ...(process.env['PATH'] ?? '').split(path.delimiter),
  ];
  for (const place of places.filter((place) => place !== '')) {
    const file = path.resolve(place, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  throw new Error(`${name} is not installed: run .ci/install-servers.sh, or put it into PATH or PINELOAD_TEST_BIN`);
}
