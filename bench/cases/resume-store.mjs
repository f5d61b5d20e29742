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
const SPLITS = 20;
const KIND = 'jsonl-17';

/** `upload`, killed at 90 % of the bytes and run again. */
export async function resumedUploadCase(bench, theCase) {
  return withMinio(theCase.name, bench, (minio) => {
    const dir = join(bench.keepDir, 'files');
    const bytes = makeImportDirectory(dir, bench.upload);
    const done = (event) => (event.event === 'upload.progress' ? event.bytes / event.bytesTotal : 0);
    return resumed(minio, { command: uploadCommand(minio, dir), done, bytes }, bench, theCase);
  });
}

/** `convert` straight into the bucket, killed at 90 % of the input and run again. */
export async function resumedConvertCase(bench, theCase) {
  const facts = await bench.input(KIND);
  return withMinio(theCase.name, bench, (minio) => {
    const splits = ['--split-size', String(Math.ceil(facts.bytes / SPLITS))];
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
    const done = (event) => (event.event === 'convert.progress' ? event.bytesRead / event.bytesTotal : 0);
    return resumed(minio, { command, done, bytes: facts.textBytes, facts }, bench, theCase);
  });
}

async function resumed(minio, { command, done, bytes, facts }, { rounds, say, note }, { name, title }) {
  const times = { whole: [], rest: [] };
  const problems = [];
  for (let round = 0; round < rounds; round++) {
    const [whole, cut] = ['whole', 'cut'].map((which) => command({ out: `${name}-${which}-${round}` }));
    await settle();
    if (facts) warm(facts.path);
    const first = await measure(whole, { env: minio.env });
    if (first.failed) throw new Error(first.failed);
    times.whole.push(first);
    await settle();
    if (!(await killAt([...cut, '--json'], minio.env, (event) => done(event) >= CUT_AT))) {
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
async function killAt([program, ...args], env, when) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal)));
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.startsWith('{') && when(JSON.parse(line))) child.kill('SIGKILL');
  }
  return (await ended) === 'SIGKILL';
}
