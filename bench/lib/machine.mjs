import { readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';

/** The machine that the figures hold for. */
export function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    loadBefore: os.loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

export function machineLine(machine) {
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`;
  return `${machine.cpu}, ${machine.cores} cores, ${memory}, ${machine.system}, Node ${machine.node.slice(1)}`;
}

/** Exact versions of the peers, as pinned in bench/package.json. */
export function peerVersions() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return Object.fromEntries(Object.entries(dependencies).filter(([, version]) => !version.startsWith('file:')));
}
