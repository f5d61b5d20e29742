import { runContest } from '../lib/contest.mjs';
import { AIMS } from './aims.mjs';
import { convertCommand, NODE, peer } from './commands.mjs';

/** Many namespaces may cost what creating their files costs, and little more. */
export async function namespacesCase(bench, { name, title }) {
  const kind = 'jsonl-namespaces';
  const facts = await bench.input(kind);
  const many = Object.keys(facts.namespaces).length.toLocaleString('en');
  const contenders = [
    {
      id: 'pineload',
      tool: `pineload, ${many} namespaces`,
      command: convertCommand(kind),
      layout: 'directories',
      reference: true,
    },
    { id: 'one', tool: 'pineload, one namespace', command: convertCommand(kind, ['--namespace', 'one']) },
    {
      id: 'files',
      tool: 'creating the files alone',
      threads: 1,
      needs: 'pineload',
      command: (run) => [NODE, peer('create-files'), '--input', run.outOf('pineload'), '--out', run.out],
    },
    {
      id: 'synced',
      tool: 'creating the files, each synced',
      needs: 'pineload',
      command: (run) => [NODE, peer('create-files'), '--sync', '--input', run.outOf('pineload'), '--out', run.out],
    },
  ];
  // The files created are those of the round's first output: no turns here. Without a journal ext4 looks for inodes that were not deleted in
  // the last minutes, which takes the longer the more were.
  const rows = await runContest({ name, title, facts, contenders, rotate: false, deleteAtEnd: true }, bench);
  const [all, one, files, synced] = rows;
  if (rows.some(({ failed }) => failed)) return rows;
  const sumWith = (id, what, added, target) => {
    const seconds = one.seconds + added.seconds;
    return {
      ...one,
      id,
      tool: `one namespace + ${what}`,
      seconds,
      allSeconds: undefined,
      rowsPerSecond: facts.rows / seconds,
      mbPerSecond: facts.textBytes / 1e6 / seconds,
      peakBytes: undefined,
      outputBytes: undefined,
      ratio: seconds / all.seconds,
      target,
    };
  };
  return [
    all,
    ...[one, files, synced].map((row) => ({ ...row, ratio: undefined })),
    sumWith('sum', 'creating the files', files, AIMS.namespaces.files),
    sumWith('sum-synced', 'creating the files, each synced', synced),
  ];
}
