import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/base/duration.js';
import { PineloadError } from '../../src/base/errors.js';
import { boundedJson } from '../../src/cli/job/bounded-json.js';
import { JobFiles } from '../../src/cli/job/job-files.js';
import { renderMetrics } from '../../src/cli/job/metrics-file.js';
import { addEvent, noProgress } from '../../src/cli/job/progress.js';
import { replaceFile } from '../../src/cli/job/replace-file.js';
import { readStatus, writeStatus } from '../../src/cli/job/status-file.js';
import { MAX_SUMMARY_BYTES, writeSummary } from '../../src/cli/job/summary-file.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const json = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
const thrownBy = (work: () => unknown): PineloadError => {
  try {
    work();
  } catch (error) {
    return error as PineloadError;
  }
  throw new Error('nothing was thrown');
};

describe('durations', () => {
  it.each([
    ['60s', 60_000],
    ['1.5 h', 5_400_000],
    ['5m', 300_000],
    ['5min', 300_000],
    ['250ms', 250],
    ['30', 30_000],
  ])('%s', (text, ms) => expect(parseDuration(text, 'maxAge')).toBe(ms));

  it.each(['', '0', '-1s', '5 days', 's', '1e3'])('%j is none', (text) => {
    expect(thrownBy(() => parseDuration(text, 'maxAge'))).toMatchObject({ code: 'OPTION_INVALID', field: 'maxAge' });
  });
});

describe('JSON of a bounded size', () => {
  const rows = (n: number): object[] => Array.from({ length: n }, (_, i) => ({ namespace: `n-${i}`, records: i }));

  it('leaves what fits as it is', () => {
    const value = { a: 1, list: [1, 2], text: 'ü'.repeat(100), none: undefined };
    expect(JSON.parse(boundedJson(value, 4096, []))).toEqual({ a: 1, list: [1, 2], text: 'ü'.repeat(100) });
  });

  it.each([1, 10, 100, 1000, 50_000])('%d namespaces', (n) => {
    const text = boundedJson({ ok: true, result: { records: 7, namespaces: rows(n) } }, 4096, ['result']);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    const { ok, result } = JSON.parse(text) as { ok: boolean; result: Record<string, unknown> };
    expect(ok).toBe(true);
    expect(result.records).toBe(7);
    const shown = (result.namespaces as unknown[]).length;
    expect(shown + ((result.namespacesOmitted as number | undefined) ?? 0)).toBe(n);
  });

  it('drops what is expendable when nothing else helps', () => {
    const result = Object.fromEntries(rows(39).map((row, i) => [`${'k'.repeat(200)}${i}`, row]));
    const text = boundedJson({ ok: false, error: { message: 'm'.repeat(9000) }, result }, 4096, ['result']);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(JSON.parse(text)).toMatchObject({ ok: false, omitted: ['result'] });
  });
});

describe('replacing a file', () => {
  it('leaves no temporary file, and writes through what is no plain file', () => {
    mkdirSync(temp('replace'));
    replaceFile(temp('replace', 'a.json'), '1');
    replaceFile(temp('replace', 'a.json'), '2');
    expect(readFileSync(temp('replace', 'a.json'), 'utf8')).toBe('2');
    expect(readdirSync(temp('replace'))).toEqual(['a.json']);
    replaceFile('/dev/null', '3');
    expect(() => replaceFile(temp('replace', 'none', 'a.json'), '4')).toThrow('ENOENT');
  });
});

describe('the summary', () => {
  it('holds an error as data, within its size', () => {
    const file = temp('summary.json');
    const error = new PineloadError('INPUT_NOT_FOUND', { source: 'x'.repeat(20_000) });
    writeSummary(file, { command: 'convert', state: 'failed', exitCode: 4, startedAt: new Date(), error });
    expect(readFileSync(file).length).toBeLessThanOrEqual(MAX_SUMMARY_BYTES);
    expect(json(file)).toMatchObject({ ok: false, state: 'failed', exitCode: 4, error: { code: 'INPUT_NOT_FOUND' } });
  });
});

describe('the status', () => {
  const at = (ms: number): Date => new Date(ms);
  const status = (file: string, state: 'running' | 'done', progressAt = new Date()): void =>
    writeStatus(file, { command: 'convert', state, startedAt: at(0), progressAt, progress: noProgress() });

  it('is fresh, then stale; an end never is', () => {
    const file = temp('status.json');
    status(file, 'running');
    const now = Date.now();
    expect(readStatus(file, { maxAgeMs: 1000 }, now).status.state).toBe('running');
    expect(thrownBy(() => readStatus(file, { maxAgeMs: 1000 }, now + 5000))).toMatchObject({
      code: 'STATUS_STALE',
      exitCode: 5,
    });
    expect(readStatus(file, {}, now + 5000).ageMs).toBeGreaterThanOrEqual(5000);
    // A clock that was set back does not make it stale.
    expect(readStatus(file, { maxAgeMs: 1000 }, now - 60_000).ageMs).toBe(0);
    status(file, 'done');
    expect(readStatus(file, { maxAgeMs: 1000 }, now + 5000).status.state).toBe('done');
  });

  it('tells a process that lives from one that gets on', () => {
    const file = temp('idle.json');
    status(file, 'running', at(Date.now() - 120_000));
    expect(readStatus(file, { maxAgeMs: 10_000, maxIdleMs: 600_000 }).idleMs).toBeGreaterThanOrEqual(120_000);
    const error = thrownBy(() => readStatus(file, { maxAgeMs: 10_000, maxIdleMs: 60_000 }));
    expect(error.message).toContain('expected an event in the last 60 s, got one 120 s ago');
  });

  it.each([
    ['nothing', undefined, 'STATUS_MISSING'],
    ['an empty file', '', 'STATE_CORRUPT'],
    ['other JSON', '{"format":"other"}', 'STATE_CORRUPT'],
    ['no times', '{"format":"pineload-status","version":1}', 'STATE_CORRUPT'],
  ])('%s is refused', (name, content, code) => {
    const file = temp(`status-${name.replaceAll(' ', '-')}`);
    if (content !== undefined) writeFileSync(file, content);
    expect(thrownBy(() => readStatus(file, { maxAgeMs: 1 })).code).toBe(code);
  });
});

describe('metrics', () => {
  it('follow the text format, and the events', () => {
    const progress = noProgress();
    const counts = { bytesRead: 10, bytesTotal: 20, records: 3, rejected: 1, files: 2, bytesWritten: 8 };
    addEvent(progress, { type: 'convert.progress', ...counts });
    addEvent(progress, { type: 'spill', bytes: 5, directory: '/tmp' });
    addEvent(progress, { type: 'spill', bytes: 6, directory: '/tmp' });
    addEvent(progress, { type: 'retry', stage: 'uploaders', what: 'x', attempt: 2, delayMs: 1, cause: 'y' });
    const dates = { startedAt: new Date(1_700_000_000_000), progressAt: new Date() };
    const text = renderMetrics({ command: 'run "a"\\\n', state: 'running', ...dates, progress });
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(
        /^(# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge))|[a-z_]+(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="([^"\\\n]|\\["\\n])*")*\})? -?[0-9.e+-]+)$/,
      );
    }
    expect(text.endsWith('\n')).toBe(true);
    const names = [...text.matchAll(/^# TYPE ([a-z_]+)/gm)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const line of [
      'pineload_records_total 3',
      'pineload_spilled_bytes_total 11',
      'pineload_retries_total 1',
      'pineload_running{stage="convert"} 1',
      'pineload_start_time_seconds 1700000000',
      'command="run \\"a\\"\\\\\\n"',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toContain('pineload_exit_code');
  });
});

describe('the files of a job', () => {
  it('say from the first moment that it runs, and in the end how it ended', () => {
    const flags = { summaryFile: temp('j.json'), statusFile: temp('j.status'), metricsFile: temp('j.prom') };
    const job = new JobFiles('convert', flags, () => undefined);
    job.start();
    expect(json(flags.summaryFile)).toMatchObject({ ok: false, state: 'running', exitCode: null });
    expect(json(flags.statusFile)).toMatchObject({ state: 'running', progress: { stage: 'starting' } });
    job.take({ type: 'verify.progress', seen: 1, expected: 2 });
    expect(json(flags.statusFile)).toMatchObject({ progress: { stage: 'verify', recordsVerified: 1 } });
    job.end({ state: 'done', exitCode: 0, result: { records: 5 } });
    job.end({ state: 'failed', exitCode: 1 });
    expect(json(flags.summaryFile)).toMatchObject({ ok: true, state: 'done', exitCode: 0, result: { records: 5 } });
    expect(json(flags.statusFile)).toMatchObject({ state: 'done' });
    expect(readFileSync(flags.metricsFile, 'utf8')).toContain('pineload_exit_code 0\n');
  });

  it('stop a command at its start when they cannot be written', () => {
    const job = new JobFiles('convert', { summaryFile: temp('no', 'such', 'dir.json') }, () => undefined);
    expect(thrownBy(() => job.start())).toMatchObject({ code: 'OPTION_INVALID', field: 'summaryFile', got: 'ENOENT' });
    job.end({ state: 'failed', exitCode: 2 });
    expect(existsSync(temp('no'))).toBe(false);
  });

  it('warn once when they can no longer be written', () => {
    const said: string[] = [];
    mkdirSync(temp('gone'));
    const job = new JobFiles('convert', { statusFile: temp('gone', 's.json') }, (event) => said.push(event.type));
    job.start();
    // The directory goes away under it, as a volume may.
    replaceDirectoryByFile(temp('gone'));
    job.take({ type: 'verify.progress', seen: 1, expected: 2 });
    job.take({ type: 'import.started', id: '1', uri: 'u', index: 'i', adopted: false });
    job.end({ state: 'done', exitCode: 0 });
    expect(said).toEqual(['warning']);
  });
});

function replaceDirectoryByFile(directory: string): void {
  for (const name of readdirSync(directory)) unlinkSync(`${directory}/${name}`);
  rmdirSync(directory);
  writeFileSync(directory, 'not a directory');
}
