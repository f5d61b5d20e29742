import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { makeImportDirectory } from '../lib/import-directory.mjs';
import { measure, settle, warm } from '../lib/measure.mjs';
import { median } from '../lib/statistics.mjs';
import { RESUME_SHARE } from './aims.mjs';
import { convertCommand } from './commands.mjs';
import { uploadCommand, withMinio } from './store.mjs';

/** Killed when so much is done. */
const CUT_AT = 0.9;
const KIND = 'jsonl-17';
/** How often the finished splits are counted, in milliseconds: a fraction of the time that one takes. */
const LOOK_MS = 5;

/** `upload`, killed at 90 % of the bytes and run again. */
export async function resumedUploadCase(bench, theCase) {
  return withMinio(theCase.name, bench, (minio) => {
    const dir = join(bench.keepDir, 'files');
    const bytes = makeImportDirectory(dir, bench.upload);
    const isCut = (event) => event.event === 'upload.progress' && event.bytes / event.bytesTotal >= CUT_AT;
    const kill = (command) => killAtEvent(command, minio.env, isCut);
    return resumed(minio, { command: uploadCommand(minio, dir), kill, bytes }, bench, theCase);
  });
}

/** `convert` straight into the bucket, killed as soon as 90 % of the splits are finished and run again. */
export async function resumedConvertCase(bench, theCase) {
  const { splits: count } = theCase;
  const facts = await bench.input(KIND);
  return withMinio(theCase.name, bench, (minio) => {
    const splits = ['--split-size', String(Math.ceil(facts.bytes / count))];
    const command = (run) => [
      ...convertCommand(
        KIND,
        splits,
      )({ input: facts.path, out: `s3://${minio.bucket}/${minio.prefix(run)}` }).filter(
        // It would begin anew.
        (flag) => flag !== '--overwrite',
      ),
      ...minio.options,
    ];
    const kill = (cut, run) => {
      // The journal has an object for each finished split.
      const journal = `${minio.prefix(run).replace(/\/$/, '')}.pineload/journal/split-`;
      return killWhen(cut, minio.env, () => minio.countOnDrive(journal) >= CUT_AT * count);
    };
    return resumed(minio, { command, kill, bytes: facts.textBytes, facts }, bench, theCase);
  });
}

async function resumed(minio, { command, kill, bytes, facts }, { rounds, say, note }, { name, title }) {
  const times = { whole: [], rest: [] };
  const problems = [];
  for (let round = 0; round < rounds; round++) {
    const out = (which) => ({ out: `${name}-${which}-${round}` });
    const [whole, cut] = [command(out('whole')), command(out('cut'))];
    await settle();
    if (facts) warm(facts.path);
    const first = await measure(whole, { env: minio.env });
    if (first.failed) throw new Error(first.failed);
    times.whole.push(first);
    await settle();
    if (!(await kill(cut, out('cut')))) {
      note(`${name}: left out, it ends before it can be cut off at 90 %; give it a larger size.`);
      return [];
    }
    await settle();
    const second = await measure(cut, { env: minio.env });
    if (second.failed) throw new Error(second.failed);
    times.rest.push(second);
    say(`${name}, round ${round + 1}: ${first.seconds.toFixed(2)} s whole, ${second.seconds.toFixed(2)} s after 90 %`);
    problems.push(...(await differences(minio, name, round)));
    for (const which of ['whole', 'cut']) await minio.empty(`${name}-${which}-${round}`);
  }
  const row = (runs, tool, more) => {
    const seconds = median(runs.map((run) => run.seconds));
    const peakBytes = median(runs.map((run) => run.peakBytes));
    return {
      case: name,
      title,
      id: tool,
      tool,
      seconds,
      allSeconds: runs.map((run) => run.seconds),
      peakBytes,
      ...more,
    };
  };
  const whole = row(times.whole, 'whole', {
    reference: true,
    mbPerSecond: bytes / 1e6 / median(times.whole.map((run) => run.seconds)),
  });
  const rest = row(times.rest, 'after 90 %', {});
  const share = rest.seconds / whole.seconds;
  const verdict = {
    text: `${(share * 100).toFixed(0)} % of the whole (aim: at most ${RESUME_SHARE * 100} %)`,
    met: share <= RESUME_SHARE,
  };
  return [whole, { ...rest, verdict, check: { problems } }];
}

/** Both must end in the same manifest and as many bytes. */
async function differences(minio, name, round) {
  const [whole, cut] = await Promise.all(
    ['whole', 'cut'].map(async (which) => {
      const prefix = `${name}-${which}-${round}`;
      return {
        manifest: await minio.text(`${prefix}.pineload/manifest.json`),
        bytes: await minio.parquetBytes(`${prefix}/`),
      };
    }),
  );
  return [
    ...(whole.manifest === cut.manifest ? [] : ['another manifest after the cut']),
    ...(whole.bytes === cut.bytes ? [] : [`${cut.bytes} bytes after the cut, not ${whole.bytes}`]),
  ];
}

/** Runs a command and kills it (SIGKILL) at the event that is told. False: it came to its end before. */
async function killAtEvent([program, ...args], env, when) {
  const options = { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] };
  const child = spawn(program, [...args, '--json'], options);
  const killed = wasKilled(child);
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.startsWith('{') && when(JSON.parse(line))) child.kill('SIGKILL');
  }
  return killed;
}

/** The same as soon as something is so, whatever the command tells of it. */
async function killWhen([program, ...args], env, isSo) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  const killed = wasKilled(child);
  const look = setInterval(() => isSo() && child.kill('SIGKILL'), LOOK_MS);
  return killed.finally(() => clearInterval(look));
}

function wasKilled(child) {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal === 'SIGKILL')));
}
