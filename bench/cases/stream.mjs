import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parquetBytes, runContest } from '../lib/contest.mjs';
import { measure } from '../lib/measure.mjs';
import { median } from '../lib/statistics.mjs';
import { throttledLink } from '../lib/throttled-link.mjs';
import { STREAM_TIMES } from './aims.mjs';
import { convertCommand } from './commands.mjs';
import { uploadCommand, withMinio } from './store.mjs';

const KIND = 'jsonl-17';
/** Times that the upload alone takes at least over a link that is made as slow as that, in times of the conversion alone. */
const LINKS = { 'stream-link': 1, 'stream-slow-link': 2 };

/**
 * Convert straight into a bucket, against convert to a directory and upload of that directory, each alone. On loopback, client and server want
 * the same processor; `stream-link` and `stream-slow-link` put a link between them that is what limits, so that they show whether
 * the one waits for the other.
 */
export async function streamCase(bench, { name, title }) {
  const facts = await bench.input(KIND);
  return withMinio(name, bench, async (minio) => {
    const dir = join(bench.keepDir, 'converted');
    const made = await measure(convertCommand(KIND)({ input: facts.path, out: dir }), { peak: false });
    if (made.failed) throw new Error(`There is nothing to upload, for convert failed: ${made.failed}`);
    const link = LINKS[name] && (await slowLink(minio, dir, made.seconds * LINKS[name], bench, name));
    try {
      return await contest(bench, { name, title, facts }, link ? { ...minio, options: link.options } : minio, dir);
    } finally {
      await link?.close();
    }
  });
}

/** A link over which the directory takes so many seconds. */
async function slowLink(minio, dir, seconds, { note }, name) {
  const bytesPerSecond = parquetBytes(dir) / seconds;
  const link = await throttledLink({ port: Number(new URL(minio.endpoint).port), bytesPerSecond });
  note(`${name}: a link of ${Math.round(bytesPerSecond / 1e6)} MB/s.`);
  const options = minio.options.map((each) => (each === minio.endpoint ? `http://127.0.0.1:${link.port}` : each));
  return { ...link, options };
}

async function contest(bench, { name, title, facts }, minio, dir) {
  /** What the server, and the link, which is in this process, took of the processor for each upload alone; in seconds. */
  const served = [];
  let before;
  const taken = () => {
    const { user, system } = process.cpuUsage();
    return minio.cpuSeconds() + (user + system) / 1e6;
  };
  const stored = {
    env: minio.env,
    outputBytes: async (run) => {
      const bytes = await minio.parquetBytes(minio.prefix(run));
      await minio.empty(run.out.split(/[\\/]/).at(-1));
      return bytes;
    },
  };
  const contenders = [
    {
      ...stored,
      id: 'both',
      tool: 'convert --to s3://…',
      command: (run) => [
        ...convertCommand(KIND)({ ...run, out: `s3://${minio.bucket}/${minio.prefix(run)}` }),
        ...minio.options,
      ],
      reference: true,
    },
    { id: 'convert', tool: 'convert alone, to a directory', command: convertCommand(KIND) },
    {
      ...stored,
      id: 'upload',
      tool: 'upload alone',
      command: (run) => {
        before = taken();
        return uploadCommand(minio, dir)(run);
      },
      outputBytes: (run) => {
        served.push(taken() - before);
        return stored.outputBytes(run);
      },
    },
  ];
  const rows = await runContest({ name, title, facts, contenders }, bench);
  const [both, convert, upload] = rows;
  if (rows.some(({ failed }) => failed)) return rows;
  const longer = Math.max(convert.seconds, upload.seconds);
  const times = both.seconds / longer;
  const cores = availableParallelism();
  const work = convert.cpuSeconds + upload.cpuSeconds + median(served);
  if (work > 0) {
    bench.note(
      `${name}: alone, converting takes ${convert.cpuSeconds.toFixed(1)} s of the processor, uploading ${upload.cpuSeconds.toFixed(1)} s, ` +
        `the server and the link ${median(served).toFixed(1)} s; on ${cores} cores these are ${(work / cores).toFixed(1)} s at least, ${(work / cores / longer).toFixed(2)} × the longer one.`,
    );
  }
  const verdict = {
    text: `${times.toFixed(2)} × the longer one (aim: at most ${STREAM_TIMES})`,
    met: times <= STREAM_TIMES,
  };
  return [{ ...both, verdict }, convert, upload];
}
