import { availableParallelism } from 'node:os';
import { runContest } from '../lib/contest.mjs';
import { findProgram } from '../lib/minio.mjs';
import { AIMS } from './aims.mjs';
import { convertCommand, hasWorkers, peerCommand } from './commands.mjs';

/** appendRow takes some 3 ms a record: these are enough to know its rate. */
const PARQUETJS_ROWS = 1000;

/** Converts one kind of input, against the peers that can. */
export async function convertCase(kind, bench, { name, title }) {
  const facts = await bench.input(kind);
  const { peers, threads } = bench;
  const contenders = [...(await pineloadContenders(kind, bench)), ...(peers ? peersOf(kind, bench) : [])];
  if (peers && kind === 'jsonl-17') {
    contenders.push(
      {
        id: 'polars',
        tool: 'polars',
        threads,
        command: peerCommand('polars', kind),
        env: { POLARS_MAX_THREADS: String(threads) },
        layout: 'column',
        target: AIMS[kind].polars,
        note: 'polars writes one file: its JavaScript package cannot partition by namespace.',
      },
      {
        id: 'hyparquet-writer',
        tool: 'hyparquet-writer',
        threads: 1,
        command: peerCommand('hyparquet-writer', kind),
        layout: 'directories',
        target: AIMS[kind].hyparquet,
      },
      parquetjsContender(kind, bench),
    );
  }
  return runContest({ name, title, facts, contenders }, bench);
}

/** The built CLI with its default options and, where it has workers, with one as well. */
async function pineloadContenders(kind, { threads, note }) {
  const supported = await hasWorkers();
  const cores = availableParallelism();
  const asMany = supported && cores !== threads ? ['--workers', String(threads)] : [];
  if (asMany.length > 0)
    note(`pineload has ${cores} cores here and is given --workers ${threads}, as many as its peers.`);
  if (!supported)
    note('This pineload has no --workers: it parses and encodes on one thread, against one and two of DuckDB.');
  const contender = {
    id: 'pineload',
    tool: 'pineload',
    threads: supported ? threads : 'default',
    command: convertCommand(kind, asMany),
    layout: 'directories',
    reference: true,
  };
  if (!supported) return [contender];
  return [contender, { ...contender, id: 'pineload-1', threads: 1, command: convertCommand(kind, ['--workers', '1']) }];
}

function peersOf(kind, { threads }) {
  const target = AIMS[kind];
  if (kind === 'jsonl-17-gz') {
    const gzip = findProgram('gzip');
    if (!gzip) return [];
    const command = ({ input }) => [gzip, '-dc', input];
    return [
      { id: 'gzip', tool: 'gzip -dc, to nowhere', threads: 1, command, discardOutput: true, target: target.gzip },
    ];
  }
  const duckdb = (count, more) => ({
    id: `duckdb-${count}`,
    tool: 'DuckDB',
    threads: count,
    command: peerCommand('duckdb', kind, () => ['--threads', String(count)]),
    layout: 'hive',
    ...more,
  });
  const contenders = [duckdb(threads, { target: target.two })];
  if (threads !== 1) contenders.push(duckdb(1, { target: target.one, against: 'pineload-1' }));
  contenders.push({
    id: 'floor',
    tool: 'floor: read, find lines, write, fsync',
    threads: 1,
    command: peerCommand('floor', kind, ({ pineloadBytes = 0 }) => ['--bytes', String(pineloadBytes)]),
    outputBytes: ({ pineloadBytes = 0 }) => pineloadBytes,
    needs: 'pineload',
    target: target.floor,
  });
  return contenders;
}

function parquetjsContender(kind, { quick }) {
  const sliceRows = quick ? 100 : PARQUETJS_ROWS;
  return {
    id: 'parquetjs',
    tool: 'parquetjs appendRow',
    threads: 1,
    command: peerCommand('parquetjs', kind, () => ['--rows', String(sliceRows)]),
    layout: 'directories',
    sliceRows,
    target: AIMS[kind].parquetjs,
    note: `parquetjs is given the first ${sliceRows} records only; its time is scaled to all of them, its memory and output are those of the slice.`,
  };
}
