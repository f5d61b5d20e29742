import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const PEAK_AT_EXIT = fileURLToPath(new URL('peak-at-exit.cjs', import.meta.url));
/** How often the memory of a process that is not Node is looked at. The kernel keeps its peak, so little is missed. */
const POLL_MS = 10;
/** A run that takes longer is ended and counts as failed. */
export const TIMEOUT_SECONDS = 3600;

/**
 * @typedef {object} Run
 * @property {number} seconds wall time from the start of the process to its end
 * @property {number} [peakBytes] peak resident memory of the process, all its threads
 * @property {number} [cpuSeconds] user and system time
 * @property {number} [readBytes] that the process has read, of files and pipes (Node on Linux)
 * @property {string} stdout
 * @property {string} [failed] why, if it failed
 */

/**
 * Runs a process and measures it.
 *
 * @param {readonly string[]} command program and arguments
 * @param {{ env?: Record<string, string>, peak?: boolean, discardOutput?: boolean }} [options]
 *   peak: measure memory too, which takes a Node process about a millisecond more (default true)
 * @returns {Promise<Run>}
 */
export async function measure([program, ...args], { env = {}, peak = true, discardOutput = false } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'pineload-bench-'));
  const usageFile = join(scratch, 'usage.json');
  const isNode = program === process.execPath;
  const argv = isNode && peak ? ['--require', PEAK_AT_EXIT, ...args] : args;
  try {
    const started = performance.now();
    const child = spawn(program, argv, {
      env: { ...process.env, ...env, PINELOAD_BENCH_USAGE: usageFile },
      stdio: ['ignore', discardOutput ? 'ignore' : 'pipe', 'pipe'],
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    const polled = peak && !isNode ? pollPeak(child.pid) : undefined;
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_SECONDS * 1000);
    const { ended, failed } = await new Promise((resolve) => {
      child.once('error', (error) => resolve({ ended: performance.now(), failed: error.message }));
      child.once('exit', (code, signal) =>
        resolve({ ended: performance.now(), failed: code === 0 ? undefined : `ended with ${signal ?? code}` }),
      );
    });
    clearTimeout(timer);
    const polledPeak = polled?.();
    const usage = isNode && peak && !failed ? JSON.parse(readFileSync(usageFile, 'utf8')) : { peakBytes: polledPeak };
    const run = { seconds: (ended - started) / 1000, ...usage, stdout: await stdout };
    return failed ? { ...run, failed: `${failed}: ${lastWords(await stderr)}` } : run;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Reads a file, or all below a directory, once, so that every tool finds it in the page cache. */
export function warm(path) {
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path)) warm(join(path, name));
    return;
  }
  const buffer = Buffer.allocUnsafe(1 << 20);
  const fd = openSync(path, 'r');
  while (readSync(fd, buffer, 0, buffer.length, null) > 0);
  closeSync(fd);
}

/** Waits until earlier output has reached the disk, so that no tool pays for what another one wrote. */
export async function settle() {
  if (process.platform === 'win32') return;
  await new Promise((resolve) => spawn('sync', { stdio: 'ignore' }).once('exit', resolve).once('error', resolve));
}

async function collect(stream) {
  let text = '';
  if (stream) for await (const chunk of stream.setEncoding('utf8')) text = (text + chunk).slice(-100_000);
  return text;
}

function pollPeak(pid) {
  let peakBytes;
  const look = () => {
    try {
      const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
      if (match) peakBytes = Number(match[1]) * 1024;
    } catch {
      // It has ended, or this is not Linux.
    }
  };
  const timer = setInterval(look, POLL_MS);
  look();
  return () => {
    clearInterval(timer);
    return peakBytes;
  };
}

/** What a failed process said: its last line that speaks of an error, else its last lines. */
function lastWords(text) {
  const lines = text.trim().split('\n');
  const error = lines.findLast((line) => /error/i.test(line));
  return (error ?? lines.slice(-3).join(' · ')).trim().slice(0, 300);
}
