import { join } from 'node:path';
import { runContest } from '../lib/contest.mjs';
import { measure } from '../lib/measure.mjs';
import { STREAM_TIMES } from './aims.mjs';
import { convertCommand } from './commands.mjs';
import { uploadCommand, withMinio } from './store.mjs';

const KIND = 'jsonl-17';

/** Convert straight into a bucket, against convert to a directory and upload of that directory, each alone. */
export async function streamCase(bench, { name, title }) {
  const facts = await bench.input(KIND);
  return withMinio(name, bench, async (minio) => {
    const dir = join(bench.keepDir, 'converted');
    const made = await measure(convertCommand(KIND)({ input: facts.path, out: dir }), { peak: false });
    if (made.failed) throw new Error(`There is nothing to upload, for convert failed: ${made.failed}`);
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
      { ...stored, id: 'upload', tool: 'upload alone', command: uploadCommand(minio, dir) },
    ];
    const rows = await runContest({ name, title, facts, contenders }, bench);
    const [both, convert, upload] = rows;
    if (rows.some(({ failed }) => failed)) return rows;
    const times = both.seconds / Math.max(convert.seconds, upload.seconds);
    const verdict = {
      text: `${times.toFixed(2)} × the longer one (aim: at most ${STREAM_TIMES})`,
      met: times <= STREAM_TIMES,
    };
    return [{ ...both, verdict }, convert, upload];
  });
}
