import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMinio, type Minio } from '../support/minio.js';
import { findBinary, freePort, startServer, type ServerProcess } from '../support/process.js';
import { CLI, runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const exec = promisify(execFile);
const temp = useTempDir();
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORDS = join(ROOT, 'examples/words-100d.jsonl');
const BIN = join(resolve(process.env['PINELOAD_TEST_AIRFLOW'] ?? '.cache/airflow'), 'bin');

/** The least that runs tasks as a real installation does; the executor is the one of a single machine. */
const COMPONENTS = ['api-server', 'scheduler', 'dag-processor'] as const;

let minio: Minio;
let emulator: ServerProcess;
let env: Record<string, string> = {};
const components: ChildProcess[] = [];

async function airflow(...args: string[]): Promise<string> {
  const { stdout } = await exec(join(BIN, 'airflow'), args, { env, maxBuffer: 1e8 });
  return stdout;
}

interface TaskState {
  readonly task_id: string;
  readonly state: string;
}

beforeAll(async () => {
  if (!existsSync(join(BIN, 'airflow'))) throw new Error('Airflow is not installed: run .ci/install-airflow.sh');
  minio = await startMinio();
  await minio.createBucket('my-bucket');
  const [control, api] = [await freePort(), await freePort()];
  const controlPlane = `http://127.0.0.1:${control}`;
  const args = [CLI, 'emulator', '--index', 'my-index:100', '--port', String(control), '--import-ms', '30000'];
  emulator = await startServer(process.execPath, args, controlPlane, minio.env);
  writeFileSync(temp('api-key'), 'any');
  mkdirSync(temp('raw'));
  const lines = readFileSync(WORDS, 'utf8').trimEnd().split('\n');
  for (let i = 0; i < 4; i++) {
    writeFileSync(temp('raw', `${i}.jsonl`), `${lines.slice(i * 500, (i + 1) * 500).join('\n')}\n`);
  }
  writeFileSync(temp('bad.jsonl'), '{"id":"a","values":[1,2]}\n{"id":"b","values":"none"}\n');
  const server = `http://127.0.0.1:${api}`;
  env = {
    ...minio.env,
    HOME: temp(),
    PATH: [BIN, ...(process.env['PATH'] ?? '').split(delimiter)].join(delimiter),
    LANG: 'C.UTF-8',
    AIRFLOW_HOME: temp('airflow'),
    AIRFLOW__CORE__DAGS_FOLDER: join(ROOT, 'deploy/airflow'),
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    AIRFLOW__CORE__PARALLELISM: '3',
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION: 'False',
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS: 'True',
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `${server}/execution/`,
    AIRFLOW__API__BASE_URL: server,
    AIRFLOW__API__HOST: '127.0.0.1',
    AIRFLOW__API__PORT: String(api),
    AIRFLOW__API__WORKERS: '1',
    // The scheduler and its executor would serve logs on all addresses.
    AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT: String(await freePort()),
    AIRFLOW__LOGGING__WORKER_LOG_SERVER_HOST: '127.0.0.1',
    AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC: '1',
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED: 'False',
    PYTHONDONTWRITEBYTECODE: '1',
    PINELOAD_AIRFLOW_COMMAND: `${process.execPath} ${CLI}`,
    PINELOAD_AIRFLOW_POKE_SECONDS: '3',
    PINELOAD_AIRFLOW_RETRY_SECONDS: '2',
    PINELOAD_CONTROL_PLANE: controlPlane,
    PINECONE_API_KEY_FILE: temp('api-key'),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  mkdirSync(temp('airflow'));
  await airflow('db', 'migrate');
  for (const component of COMPONENTS) {
    const log = createWriteStream(temp(`${component}.log`));
    const child = spawn(join(BIN, 'airflow'), [component], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    child.stdout.pipe(log);
    child.stderr.pipe(log, { end: false });
    components.push(child);
  }
  await until(async () => {
    const answer = await fetch(`${server}/api/v2/monitor/health`).catch(() => undefined);
    const health = (await answer?.json().catch(() => undefined)) as Record<string, { status?: string }> | undefined;
    return health?.['scheduler']?.status === 'healthy' && health['dag_processor']?.status === 'healthy';
  }, 'Airflow to start');
  await until(async () => (await query(`select dag_id from dag where dag_id = 'pineload_bash'`)).length > 0, 'the DAG');
}, 300_000);

afterAll(async () => {
  // Each was started as the head of a process group, its workers in it.
  for (const child of components) if (child.exitCode === null) process.kill(-child.pid!, 'SIGTERM');
  await Promise.race([
    Promise.all(
      components
        .filter((child) => child.exitCode === null && child.signalCode === null)
        .map((child) => new Promise((done) => child.once('exit', done))),
    ),
    sleep(20_000),
  ]);
  for (const child of components)
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
  await emulator.stop();
  await minio.stop();
});

async function until(done: () => Promise<boolean>, what: string, seconds = 240): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await done().catch(() => false))) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}:\n${said()}`);
    await sleep(1000);
  }
}

const said = (): string =>
  COMPONENTS.map((name) =>
    existsSync(temp(`${name}.log`)) ? readFileSync(temp(`${name}.log`), 'utf8').slice(-1500) : '',
  ).join('\n');

/** Runs the DAG by the scheduler; gives the state of the run, and of its tasks. */
async function runDag(run: string, conf: object): Promise<{ state: string; tasks: TaskState[] }> {
  await airflow('dags', 'trigger', 'pineload_bash', '--run-id', run, '--conf', JSON.stringify(conf));
  const where = `where run_id = '${run}'`;
  await until(async () => {
    const [row] = await query(`select state from dag_run ${where}`);
    return row?.[0] === 'success' || row?.[0] === 'failed';
  }, `the run ${run}`);
  const [row] = await query(`select state from dag_run ${where}`);
  const tasks = await query(`select task_id, state from task_instance ${where}`);
  return { state: String(row![0]), tasks: tasks.map(([task_id, state]) => ({ task_id, state }) as TaskState) };
}

/** Rows of Airflow's own database. */
async function query(sql: string): Promise<unknown[][]> {
  const code = `import json,sqlite3,sys; print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))`;
  const { stdout } = await exec(join(BIN, 'python'), ['-c', code, temp('airflow', 'airflow.db'), sql]);
  return JSON.parse(stdout) as unknown[][];
}

describe('the DAG without a cluster, run by Airflow', () => {
  it('plans, converts in mapped tasks, commits, imports, watches by rescheduling, verifies', async () => {
    const { state, tasks } = await runDag('night+1', { input: temp('raw'), split_size: '400kB', shards: 2 });
    expect(
      tasks.filter(({ state: one }) => one !== 'success'),
      said(),
    ).toEqual([]);
    expect(state).toBe('success');
    expect(tasks.map(({ task_id }) => task_id).sort()).toEqual(
      ['commit', 'convert', 'convert', 'plan', 'shards', 'start_import', 'verify', 'watch_import'].sort(),
    );
    // Only the sensor gives its worker back.
    const rescheduled = await query('select count(*) from task_reschedule');
    expect(rescheduled[0]![0]).toBeGreaterThan(0);
    // The data are in the bucket, under the run's own name, and the import is told to be complete by the emulator.
    const to = 's3://my-bucket/airflow/night-1';
    const cli = async (...args: string[]): Promise<Record<string, unknown>> =>
      JSON.parse((await runCli([...args, '--json'], { env })).stdout) as Record<string, unknown>;
    expect(await cli('validate', to)).toMatchObject({ valid: true, records: 2000 });
    expect(await cli('import', 'list', '--index-name', 'my-index')).toMatchObject({
      data: [{ status: 'Completed', recordsImported: 2000, uri: `${to}/` }],
    });
    const xcom = await query(`select value from xcom where task_id = 'verify' and key = 'return_value'`);
    expect(JSON.stringify(xcom)).toContain('night-1');
    expect(JSON.parse(String(xcom[0]![0]))).toMatchObject({ ok: true, result: { receipt: { records: 2000 } } });
  });

  it('does not try again what cannot succeed, and says why', async () => {
    const { state, tasks } = await runDag('night-2', { input: temp('bad.jsonl') });
    expect(state).toBe('failed');
    expect(tasks.find(({ task_id }) => task_id === 'convert')).toMatchObject({ state: 'failed' });
    const tries = await query(`select try_number from task_instance where run_id = 'night-2' and task_id = 'convert'`);
    expect(tries).toEqual([[1]]);
    const xcom = await query(
      `select value from xcom where run_id = 'night-2' and task_id = 'convert' and key = 'summary'`,
    );
    expect(JSON.parse(String(xcom[0]![0]))).toMatchObject({
      ok: false,
      exitCode: 3,
      error: { code: 'RECORD_REJECTED' },
    });
  });
});

describe('what exit codes become', () => {
  it('retries 5 and 7, in processes and in pods; gives pods that the API server takes', async () => {
    const { stdout } = await exec(
      join(BIN, 'python'),
      [join(ROOT, 'test/interop/airflow/check_dags.py'), temp('pods')],
      { env },
    );
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({
      process: {
        0: 'ok',
        1: 'retry',
        2: 'fail',
        3: 'fail',
        4: 'fail',
        5: 'retry',
        6: 'fail',
        7: 'retry',
        143: 'retry',
      },
      pod: { 0: 'ok', 1: 'retry', 2: 'fail', 3: 'fail', 4: 'fail', 5: 'retry', 6: 'fail', 7: 'retry', 143: 'retry' },
      watchingPod: { 6: 'fail', 7: 'reschedule' },
      pods: ['commit', 'convert', 'plan', 'start_import', 'verify', 'watch_import'],
    });
    const files = ['commit', 'convert', 'plan', 'start_import', 'verify', 'watch_import'].map((name) =>
      temp('pods', `${name}.json`),
    );
    const checked = await exec(findBinary('manifests'), files).catch((error: { stdout: string }) => error);
    const reports = checked.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { errors: string[]; warnings: string[] });
    expect(reports).toHaveLength(6);
    expect(reports.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  });
});
