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

/** A warning where the machine was doing other work when the run began; undefined on a quiet one. */
export function loadWarning({ loadBefore: [load], cores }) {
  if (load < cores / 4) return undefined;
  return `Other work ran on this machine (load ${load} on ${cores} cores when the run began): figures are low, ratios uncertain.`;
}

/** Exact versions of the peers, as pinned in bench/package.json. */
export function peerVersions() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return Object.fromEntries(Object.entries(dependencies).filter(([, version]) => !version.startsWith('file:')));
}
