import { describe, expect, it } from 'vitest';
import { PineloadError } from '../../src/base/errors.js';
import { DEFAULT_DECODE_LIMITS } from '../../src/parquet/decode/index.js';
import { checkAndMend } from '../../src/records/rules/check-batch.js';
import { fixtures, readAll } from '../parquet/decode-support.js';
import { bothWays } from '../pipeline/rows-support.js';
import { csv, jsonl, read, rowsOf } from '../readers/support.js';
import { useTempDir } from '../support/temp-dir.js';

/**
 * Damaged and hostile input for some time, other input every time. A finding is repeated with
 * PINELOAD_FUZZ_SEED=… and becomes a test of its own where the code is tested.
 */
const SECONDS = Number(process.env.PINELOAD_FUZZ_SECONDS ?? 20);
const SEED = Number(process.env.PINELOAD_FUZZ_SEED ?? Date.now() % 2 ** 32);

const temp = useTempDir();

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Runs rounds until the time is up; each has its own seed, which a failure names. */
async function forSomeTime(round: (random: (below: number) => number) => void | Promise<void>): Promise<number> {
  const end = performance.now() + SECONDS * 1000;
  let rounds = 0;
  for (; performance.now() < end; rounds++) {
    const seed = (SEED + rounds) >>> 0;
    try {
      await round(randomOf(seed));
    } catch (error) {
      throw new Error(`PINELOAD_FUZZ_SEED=${seed} shows it in its first round`, { cause: error });
    }
  }
  console.log(`seed ${SEED}: ${rounds} rounds in ${SECONDS} s`);
  return rounds;
}

/** Changes, copies, cuts out and puts in what is likely to hurt. */
function mutate(bytes: Buffer, random: (below: number) => number, tokens: readonly string[]): Buffer {
  let out = bytes;
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(out.length + 1);
    const to = Math.min(out.length, at + random(12));
    switch (random(5)) {
      case 0:
        out = Buffer.concat([out.subarray(0, at), out.subarray(to)]);
        break;
      case 1:
        out = Buffer.concat([out.subarray(0, to), out.subarray(at)]);
        break;
      case 2:
        out = Buffer.concat([out.subarray(0, at), Buffer.from(tokens[random(tokens.length)]!), out.subarray(at)]);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), Buffer.from([random(256)]), out.subarray(at)]);
        break;
      default:
        out = Buffer.from(out);
        if (at < out.length) out[at] = random(256);
    }
  }
  return out;
}

const TOKENS = [
  ...['"', '\\', '\\u', '\\ud800', '\\udc00', '{', '}', '[', ']', ',', ':', '[[[[[[[[', '{"a":', '\r', '\t', ' ', '\0'],
  ...['null', 'true', 'NaN', '-Infinity', '1e999', '-0', '0.1e-400', '18446744073709551616', '01', '1.', '.5', '-'],
  ...['"__proto__":', '"id":', '"values":', '\u001b[31m', 'é', '\u2028', '1'.repeat(400), '\ufeff'],
];
const LINE = '{"id":"r1","values":[0.5,-1.25e2],"metadata":{"a":"x\\u00e9","b":[ "y" ],"n":1.50},"namespace":"ns"}';
const ROW = 'r1,"[0.5,-1.25e2]","{""a"":""x""}",ns';

describe('hostile input', () => {
  it('JSONL: what is taken is what JSON.parse makes of it, and what is not JSON is refused', async () => {
    const config = jsonl();
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const rounds = await forSomeTime((random) => {
      const lines = Array.from({ length: 20 }, () =>
        mutate(Buffer.from(LINE), random, TOKENS).filter((byte) => byte !== 0x0a),
      ).map((line) => Buffer.from(line));
      const batch = checkAndMend(read(config, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))));
      const rows = new Map(rowsOf(batch).map((row, i) => [row.line, { ...row, rejected: batch.rejected[i] === 1 }]));
      const rejects = new Map(batch.rejects.map((reject) => [reject.line, reject]));
      lines.forEach((line, i) => {
        const row = rows.get(i + 1);
        const reject = rejects.get(i + 1);
        let parsed: Record<string, unknown> | undefined;
        try {
          parsed = JSON.parse(decoder.decode(line)) as Record<string, unknown>;
        } catch {
          parsed = undefined;
        }
        if (row !== undefined && !row.rejected) {
          expect(parsed?.id).toSatisfy((id) => id === row.id || String(id) === row.id || typeof id === 'number');
          if (Array.isArray(parsed?.values))
            expect(row.values).toEqual(parsed.values.map((n) => Math.fround(Number(n))));
          expect(reject).toBeUndefined();
          if (row.metadata !== null) JSON.parse(row.metadata);
        } else if (reject?.code === 'JSON_SYNTAX' || reject?.code === 'UTF8_INVALID') {
          expect(parsed === undefined || /nesting/.test(reject.expected)).toBe(true);
        } else if (reject === undefined) {
          // Blank lines are passed over.
          expect(line.toString().trim()).toBe('');
        }
      });
    });
    expect(rounds).toBeGreaterThan(0);
  });

  it('CSV: never more or fewer records than there are, and no crash', async () => {
    const config = csv('id,values,metadata,namespace', {
      metadata: { from: 'object', field: ['metadata'] },
      namespace: [['namespace']],
    });
    const rounds = await forSomeTime((random) => {
      const text = Buffer.concat(
        Array.from({ length: 20 }, () => Buffer.concat([mutate(Buffer.from(ROW), random, TOKENS), Buffer.from('\n')])),
      );
      const batch = checkAndMend(read(config, text));
      const places = [...batch.origin.byteOffsets, ...batch.rejects.map(({ byteOffset }) => byteOffset)];
      for (const place of places) expect(place).toBeLessThan(text.length);
      rowsOf(batch);
      batch.rejects.forEach((reject, i) => {
        if (i > 0) expect(reject.byteOffset).toBeGreaterThanOrEqual(batch.rejects[i - 1]!.byteOffset);
      });
    });
    expect(rounds).toBeGreaterThan(0);
  });

  it('CSV: the same rows and rejects, whether rows are looked for in blocks or cut before', async () => {
    const config = csv('id,values,metadata,namespace', { metadata: { from: 'object', field: ['metadata'] } });
    const tokens = [...TOKENS, '\n', '\n', '\r\n', '"\n', ROW, `\n${ROW}\n`, '\nx,1 2,,y\nx,1 2,,y\n'];
    const file = temp('fuzz.csv');
    const rounds = await forSomeTime(async (random) => {
      const rows = Array.from({ length: 30 }, () =>
        Buffer.concat([random(3) > 0 ? Buffer.from(ROW) : mutate(Buffer.from(ROW), random, tokens), Buffer.from('\n')]),
      );
      const text = Buffer.concat([Buffer.from('id,values,metadata,namespace\n'), ...rows]);
      const blockBytes = 28 + random(400);
      const cut = { chunkBytes: 10 + random(200), blockBytes, maxRecordBytes: blockBytes + random(1000) };
      const { found, cut: expected } = await bothWays(file, text, config, cut);
      expect(found).toStrictEqual(expected);
    });
    expect(rounds).toBeGreaterThan(0);
  });

  it('Parquet: read, or refused with a clear error', async () => {
    const files = fixtures();
    const limits = {
      ...DEFAULT_DECODE_LIMITS,
      pageBytes: 1 << 22,
      pageValues: 1 << 20,
      expansionBytes: 1 << 24,
      expansionFactor: 10,
    };
    const rounds = await forSomeTime(async (random) => {
      const changed = files[random(files.length)]!.bytes.slice();
      const footer = changed.length - 8 - new DataView(changed.buffer).getUint32(changed.length - 8, true);
      const [from, to] = random(2) === 0 ? [footer, changed.length] : [4, footer];
      for (let n = 1 + random(5); n > 0; n--) changed[from + random(to - from)] = random(256);
      try {
        await readAll(changed, limits);
      } catch (error) {
        if (!(error instanceof PineloadError)) throw error;
        expect(['PARQUET_CORRUPT', 'PARQUET_UNSUPPORTED', 'PARQUET_LIMIT']).toContain(error.code);
      }
    });
    expect(rounds).toBeGreaterThan(0);
  });
});
