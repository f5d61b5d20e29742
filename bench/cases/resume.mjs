import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { measure, settle, warm } from '../lib/measure.mjs';
import { REPEATED_SPLITS } from './aims.mjs';
import { CLI, NODE } from './commands.mjs';

const SPLITS = 8;
/** When it is killed: so many splits after its beginning, the last one begun. */
const MOMENTS = [0.5, 1.9, 3.5, 5.1, 6.9];
/** What is read besides the input (code, state) differs from run to run by so many bytes, or by this share of a split. */
const NOISE = { bytes: 200e3, splits: 0.05 };

/**
 * What a killed conversion does twice. The kernel counts the bytes that a process reads: those of the killed one and of the one that goes on
 * from it, less those of one that was not disturbed.
 */
export async function resumeCase(bench, { name, title }) {
  if (!existsSync('/proc/self/io')) {
    bench.note('resume: skipped; only Linux counts the bytes that a process reads.');
    return [];
  }
  const facts = await bench.input('jsonl-17');
  const splitBytes = Math.ceil(facts.bytes / SPLITS);
  const target = (id) => join(bench.workDir, id);
  const command = (id, input = facts.path) => [
    ...[NODE, CLI, 'convert', input, '--to', target(id)],
    ...['--split-size', String(splitBytes), '--json'],
  ];
  const manifest = (id) => readFileSync(`${target(id)}.pineload/manifest.json`, 'utf8');
  mkdirSync(bench.workDir, { recursive: true });
  await settle();
  warm(facts.path);
  const whole = await measure(command('whole'));
  // What else a conversion reads, code above all: of a share of the input, all but that share.
  const share = join(bench.workDir, 'share.jsonl');
  const shareBytes = copyLines(facts.path, share, splitBytes);
  const small = await measure(command('share', share));
  const row = { case: name, title, id: 'pineload', tool: 'convert, killed and gone on with', reference: true };
  for (const { failed } of [whole, small]) if (failed) return [{ ...row, failed }];
  const expected = manifest('whole');
  const problems = [];
  const repeated = [];
  for (const moment of MOMENTS) {
    const id = `killed-${moment}`;
    const done = () => finishedSplits(`${target(id)}.pineload/journal`);
    const readBefore = await killAt(command(id), done, moment, (whole.seconds * 1000) / SPLITS);
    if (readBefore === undefined) continue;
    const before = done();
    const again = await measure(command(id));
    if (again.failed) return [{ ...row, failed: again.failed }];
    if (manifest(id) !== expected) problems.push(`another manifest after the kill at split ${moment}`);
    const ofInput = (bytes) => Math.max(0, bytes - (small.readBytes - shareBytes));
    const twice = ofInput(readBefore) + ofInput(again.readBytes) - ofInput(whole.readBytes);
    repeated.push(twice / splitBytes);
    bench.say(
      `${name}: killed when ${before} of ${SPLITS} splits were done; ${repeated.at(-1).toFixed(2)} of one again`,
    );
    rmSync(target(id), { recursive: true, force: true });
  }
  rmSync(bench.workDir, { recursive: true, force: true });
  const most = Math.max(...repeated);
  const verdict = {
    text: `at most ${most.toFixed(2)} of a split read again in ${MOMENTS.length} kills (aim: at most ${REPEATED_SPLITS})`,
    met: most <= REPEATED_SPLITS + Math.max(NOISE.splits, NOISE.bytes / splitBytes),
  };
  return [{ ...row, seconds: whole.seconds, peakBytes: whole.peakBytes, verdict, check: { problems } }];
}

/**
 * Kills a process when so many splits are done, and the share of the next one's usual time has passed. Bytes that it had read; undefined when
 * it had ended before.
 */
async function killAt([program, ...args], done, moment, splitMs) {
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  while (child.exitCode === null && done() < Math.floor(moment)) await sleep(2);
  await sleep((moment % 1) * splitMs);
  if (child.exitCode !== null) return undefined;
  // Stopped first, so that the count holds for the moment of its death.
  child.kill('SIGSTOP');
  await sleep(20);
  const read = Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${child.pid}/io`, 'latin1'))[1]);
  child.kill('SIGKILL');
  await ended;
  return read;
}

function finishedSplits(journal) {
  return existsSync(journal) ? readdirSync(journal).filter((file) => /^split-\d+\.json$/.test(file)).length : 0;
}

/** Copies the whole lines of the first bytes of a file. Gives their number of bytes. */
function copyLines(from, to, bytes) {
  const buffer = Buffer.alloc(bytes);
  const fd = openSync(from, 'r');
  const lines = buffer.subarray(0, buffer.lastIndexOf(0x0a, readSync(fd, buffer, 0, bytes, 0)) + 1);
  closeSync(fd);
  writeFileSync(to, lines);
  return lines.length;
}
