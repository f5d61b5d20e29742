import { rmSync } from 'node:fs';
import { runContest } from '../lib/contest.mjs';
import { digits } from '../lib/table.mjs';
import { DATA_DIR, DEFAULT_SEED } from '../generate.mjs';
import { CLI, NODE, peer } from './commands.mjs';
import { VALIDATE_BYTES_PER_CPU_SECOND } from './aims.mjs';

/** Checking every row of Parquet that lies in the page cache: what one core does, and how that compares with reading alone. */
export async function validateCase(kind, bench, { name, title }) {
  const { parquetInput } = await import('../lib/parquet-inputs.mjs');
  bench.say(`Making ${kind} …`);
  const facts = await parquetInput(kind, bench.size, DATA_DIR, DEFAULT_SEED);
  const validate = (id, tool, ...more) => ({
    id,
    tool,
    command: () => [NODE, CLI, 'validate', facts.dir, '--json', ...more],
    reference: true,
  });
  const contenders = [
    validate('pineload', 'pineload validate'),
    validate('pineload-allow', 'the same, --duplicates allow', '--duplicates', 'allow'),
    {
      id: 'floor',
      tool: 'floor: read the files',
      threads: 1,
      command: () => [NODE, peer('read-files'), '--input', facts.dir],
      note: 'validate: "floor" reads every byte and looks at none.',
    },
    ...(bench.peers
      ? [
          {
            id: 'duckdb',
            tool: 'DuckDB, much the same checks',
            threads: bench.threads,
            command: () => [
              ...[NODE, peer('duckdb-check'), '--input', facts.dir, '--threads', String(bench.threads)],
              ...['--rows', '1'],
            ],
          },
        ]
      : []),
  ];
  try {
    const rows = await runContest({ name, title, facts, mbBytes: facts.bytes, contenders }, bench);
    return rows.map((row) => withCpu(row, facts.bytes));
  } finally {
    if (!bench.keep)
      for (const path of ['', '.pineload', '.facts.json'].map((end) => facts.dir + end))
        rmSync(path, { recursive: true, force: true });
  }
}

/** Bytes that one core goes through in a second: wall time is another thing on two cores. */
function withCpu(row, bytes) {
  if (row.cpuSeconds === undefined) return row;
  const rate = bytes / row.cpuSeconds;
  const text = `${digits(rate / 1e9)} GB per CPU second`;
  if (!row.reference) return { ...row, verdict: { text, met: true } };
  return {
    ...row,
    verdict: {
      text: `${text} (aim: ${VALIDATE_BYTES_PER_CPU_SECOND / 1e9})`,
      met: rate >= VALIDATE_BYTES_PER_CPU_SECOND,
    },
  };
}
