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
  ];
  // The files created are those of the round's first output: no turns here.
  const rows = await runContest({ name, title, facts, contenders, rotate: false }, bench);
  const [all, one, files] = rows;
  if (rows.some(({ failed }) => failed)) return rows;
  const seconds = one.seconds + files.seconds;
  const sum = { ...one, id: 'sum', tool: 'one namespace + creating the files', seconds, allSeconds: undefined };
  return [
    all,
    { ...one, ratio: undefined },
    { ...files, ratio: undefined },
    {
      ...sum,
      rowsPerSecond: facts.rows / seconds,
      mbPerSecond: facts.textBytes / 1e6 / seconds,
      peakBytes: undefined,
      outputBytes: undefined,
      ratio: seconds / all.seconds,
      target: AIMS.namespaces.files,
    },
  ];
}
