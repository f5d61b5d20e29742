import { execFile, type ExecFileException } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMinio, type Minio } from '../support/minio.js';
import { findBinary, onFreePort, startServer, type ServerProcess } from '../support/process.js';
import { CLI, runCli, type CliResult } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const FOLDER = fileURLToPath(new URL('../../deploy/kubernetes/', import.meta.url));
const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

interface Container {
  readonly name: string;
  readonly args: string[];
  readonly env?: { name: string; value?: string }[];
  readonly livenessProbe?: { exec: { command: string[] } };
  readonly volumeMounts: { name: string; mountPath: string }[];
}
interface JobSpec {
  readonly completionMode: string;
  readonly completions: number;
  readonly backoffLimitPerIndex?: number;
  readonly podFailurePolicy: {
    rules: {
      action: string;
      onExitCodes?: { operator: string; values: number[] };
      onPodConditions?: { type: string }[];
    }[];
  };
  readonly template: {
    spec: {
      initContainers?: Container[];
      containers: Container[];
      restartPolicy: string;
      terminationGracePeriodSeconds: number;
    };
  };
}
interface Report {
  readonly file: string;
  readonly kind: string;
  readonly errors: string[];
  readonly warnings: string[];
  readonly object: {
    metadata: { name: string };
    data?: Record<string, string>;
    spec: JobSpec & { jobTemplate: { spec: JobSpec } };
  };
}

/** Asks the API server's own code. */
function check(...files: string[]): Promise<{ code: number; reports: Report[] }> {
  return new Promise((resolve) => {
    execFile(findBinary('manifests'), files, { maxBuffer: 1e8 }, (error: ExecFileException | null, stdout) => {
      const reports =
        stdout.trim() === ''
          ? []
          : stdout
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line) as Report);
      resolve({ code: error === null ? 0 : Number(error.code), reports });
    });
  });
}

let reports: Report[] = [];
let config: Record<string, string> = {};
const jobOf = ({ kind, object }: Report): JobSpec | undefined =>
  kind === 'Job' ? object.spec : kind === 'CronJob' ? object.spec.jobTemplate.spec : undefined;
const jobs = (): [string, JobSpec][] =>
  reports.flatMap((report) => {
    const job = jobOf(report);
    return job === undefined ? [] : [[report.object.metadata.name, job] as [string, JobSpec]];
  });
const job = (name: string): JobSpec => jobs().find(([one]) => one === name)![1];

beforeAll(async () => {
  ({ reports } = await check(...FILES.map((name) => join(FOLDER, name))));
  config = reports.find(({ kind }) => kind === 'ConfigMap')!.object.data!;
});

describe('the manifests', () => {
  it('would be taken by the API server, without a warning, under the restricted pod security standard', () => {
    expect(reports.map(({ kind }) => kind).sort()).toEqual(
      [
        'ConfigMap',
        'CronJob',
        'Job',
        'Job',
        'Job',
        'Job',
        'Secret',
        'ServiceAccount',
        'ServiceAccount',
        'ServiceAccount',
      ].sort(),
    );
    expect(reports.filter(({ errors, warnings }) => errors.length + warnings.length > 0)).toEqual([]);
  });

  it.each([
    ['a field that is not known', 'job.yaml', 'restartPolicy:', 'restartPolicies:', /unknown field|Unsupported/],
    [
      'pods that restart by themselves',
      'job.yaml',
      'restartPolicy: Never',
      'restartPolicy: OnFailure',
      /podFailurePolicy/,
    ],
    [
      'an action without its limit',
      'bulk-2-shards.yaml',
      /\n {2}backoffLimitPerIndex: \d+/,
      '',
      /backoffLimitPerIndex/,
    ],
    ['a user who may be root', 'job.yaml', 'runAsNonRoot: true', 'runAsNonRoot: false', /pod security/],
    ['a wrong schedule', 'cronjob.yaml', '15 2 * * *', 'every night', /schedule/],
  ])('the check refuses %s', async (name, file, from, to, message) => {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    const wrong = text.replaceAll(new RegExp(from instanceof RegExp ? from : from.replace(/[*]/g, '\\*'), 'g'), to);
    expect(wrong).not.toBe(text);
    const path = temp(`${name.replaceAll(' ', '-')}.yaml`);
    writeFileSync(path, wrong);
    const answer = await check(path);
    expect(answer.code).toBe(1);
    expect(answer.reports[0]!.errors.join('\n')).toMatch(message);
  });

  it('follow the exit codes: disruptions are ignored, 2, 3, 4 and 6 fail at once, 5 and 7 are retried', () => {
    for (const [name, { podFailurePolicy, template }] of jobs()) {
      const [first, ...rest] = podFailurePolicy.rules;
      expect(first, name).toMatchObject({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] });
      const codes = rest.flatMap(({ action, onExitCodes }) => {
        expect(['FailJob', 'FailIndex']).toContain(action);
        expect(onExitCodes!.operator).toBe('In');
        return onExitCodes!.values;
      });
      expect(codes.sort(), name).toEqual([2, 3, 4, 6]);
      expect(template.spec.restartPolicy).toBe('Never');
    }
  });

  it('give a stop less time than Kubernetes gives it, and every place that is written to a volume', () => {
    for (const [name, { template }] of jobs()) {
      const { spec } = template;
      expect(parseInt(config['PINELOAD_STOP_GRACE']!), name).toBeLessThan(spec.terminationGracePeriodSeconds);
      for (const { volumeMounts } of [...(spec.initContainers ?? []), ...spec.containers]) {
        const paths = volumeMounts.map(({ mountPath }) => mountPath);
        expect(paths).toContain(config['PINELOAD_TMP_DIR']);
        expect(config['PINELOAD_STATUS_FILE']).toMatch(new RegExp(`^${config['PINELOAD_TMP_DIR']}/`));
        expect(config['PINECONE_API_KEY_FILE']).toMatch(/^\/secrets\//);
      }
      expect(
        spec.containers.map(({ livenessProbe }) => livenessProbe!.exec.command.slice(0, 3)),
        name,
      ).toEqual([['/nodejs/bin/node', '/app/dist/cli/main.cjs', 'status']]);
    }
  });

  it('count as many shards as they have completions', () => {
    const { completionMode, completions, template } = job('pineload-shards');
    expect(completionMode).toBe('Indexed');
    expect(template.spec.containers[0]!.env).toContainEqual({ name: 'PINELOAD_SHARDS', value: String(completions) });
  });
});

describe('what the containers run', () => {
  let minio: Minio;
  let emulator: ServerProcess;
  let control = '';

  beforeAll(async () => {
    minio = await startMinio();
    await minio.createBucket('my-bucket');
    emulator = await onFreePort((port) => {
      control = `http://127.0.0.1:${port}`;
      const args = [CLI, 'emulator', '--index', 'my-index:100', '--port', String(port), '--import-ms', '500'];
      return startServer(process.execPath, args, control, minio.env);
    });
    mkdirSync(temp('scratch'));
    writeFileSync(temp('api-key'), 'any');
    mkdirSync(temp('raw'));
    // Several inputs, so that there are several splits.
    const lines = readFileSync(WORDS, 'utf8').trimEnd().split('\n');
    for (let i = 0; i < 5; i++) {
      writeFileSync(temp('raw', `${i}.jsonl`), `${lines.slice(i * 400, (i + 1) * 400).join('\n')}\n`);
    }
    const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
    const client = new S3Client({
      endpoint: minio.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: minio.env.AWS_ACCESS_KEY_ID, secretAccessKey: minio.env.AWS_SECRET_ACCESS_KEY },
    });
    for (const name of readdirSync(temp('raw'))) {
      await client.send(
        new PutObjectCommand({ Bucket: 'my-bucket', Key: `raw/${name}`, Body: readFileSync(temp('raw', name)) }),
      );
    }
    client.destroy();
  });
  afterAll(async () => {
    await emulator.stop();
    await minio.stop();
  });

  /** Runs a container's command as its manifest has it; the paths of the pod are directories here. */
  async function run(
    container: Container,
    more: Readonly<Record<string, string>> = {},
  ): Promise<CliResult & { summary: unknown }> {
    const here = (text: string): string =>
      text
        .replace(/^\/scratch/, temp('scratch'))
        .replace(/^\/secrets/, temp())
        .replace(/^\/dev\/termination-log$/, temp('termination-log'));
    const variables = Object.fromEntries(
      [
        ...Object.entries(config),
        ...(container.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
      ].map(([name, value]) => [name!, here(value!)]),
    );
    const env = { ...minio.env, PINELOAD_CONTROL_PLANE: control, ...variables, ...more };
    // Kubernetes puts variables of the container into its arguments.
    const args = container.args.map((text) =>
      text.replace(/\$\((\w+)\)/g, (_, name: string) => env[name as keyof typeof env] ?? '?'),
    );
    const result = await runCli(args, { env });
    expect(result.code, `${args.join(' ')}\n${result.stderr}`).toBe(0);
    const summary = JSON.parse(readFileSync(temp('termination-log'), 'utf8')) as object;
    expect(summary).toMatchObject({ ok: true, exitCode: 0 });
    expect(result.stdout.trimEnd().split('\n')).toHaveLength(1);
    const probe = container.livenessProbe?.exec.command.slice(2);
    if (probe !== undefined) expect((await runCli(probe, { env })).code).toBe(0);
    return { ...result, summary };
  }

  it('a Job: converted, imported and verified', async () => {
    const { summary } = await run(job('pineload').template.spec.containers[0]!);
    expect(summary).toMatchObject({ command: 'run', result: { verified: true, convert: { records: 2000 } } });
  });

  it('plan, shards and finaliser: each split once, imported and verified', async () => {
    const plan = await run(job('pineload-plan').template.spec.containers[0]!);
    expect(plan.summary).toMatchObject({ command: 'plan', result: { inputs: 5 } });
    const { completions, template } = job('pineload-shards');
    for (let index = completions - 1; index >= 0; index--) {
      await run(template.spec.containers[0]!, { JOB_COMPLETION_INDEX: String(index) });
    }
    const finish = job('pineload-finish').template.spec;
    for (const container of finish.initContainers!) await run(container);
    const { summary } = await run(finish.containers[0]!);
    expect(summary).toMatchObject({ command: 'import watch', result: { receipt: { records: 2000 } } });
  });

  it('a CronJob: names of its own for each night', async () => {
    const { spec } = job('pineload-nightly').template;
    for (const night of ['pineload-nightly-1', 'pineload-nightly-2']) {
      const { summary } = await run(spec.containers[0]!, { JOB_NAME: night });
      expect(summary).toMatchObject({
        result: { verified: true, convert: { to: `s3://my-bucket/nightly/${night}/` } },
      });
    }
  });
});
