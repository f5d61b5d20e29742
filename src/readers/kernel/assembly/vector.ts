import * as code from './codes';
import { parseCommonNumber, parsed, parseNumber } from './decimal';
import { elements, MAX_DEPTH, skipElements, skipSpace } from './json';
import { beginLanes, lanesEnd, lanesFrom, readLanes } from './number-lanes';
import { fail, textEnd } from './text';

/** What readNumbers found: how many numbers, and the first element that is none, and the first that is beyond float32. */
export let count: u32 = 0;
export let strangeAt: usize = 0;
export let strangeIndex: u32 = 0;
export let infiniteAt: usize = 0;
export let infiniteIndex: u32 = 0;

/**
 * Reads the JSON array of numbers whose `[` is at `p` to `out`, 4 bytes each. An element that is no number is noted, and the rest
 * checked for its syntax only. `expected`: how many numbers there should be, 0 if that is not known. Returns the position behind the `]`, 0 for a
 * syntax error.
 */
export function readNumbers(p: usize, out: usize, depth: i32, expected: u32): usize {
  const start = out;
  const full = start + ((expected as usize) << 2);
  count = 0;
  strangeAt = 0;
  infiniteAt = 0;
  if (depth >= MAX_DEPTH) return fail(p, code.EXPECT_NESTING, code.JSON_SYNTAX);
  p = skipSpace(p + 1);
  if (load<u8>(p) == 0x5d) return p + 1;
  beginLanes(p);
  while (true) {
    if (p >= lanesFrom) {
      const read = readLanes(p, out, full, textEnd);
      if (read != 0) {
        out += (read as usize) << 2;
        p = lanesEnd;
        continue;
      }
    }
    const end = parseCommonNumber(p, out);
    if (end != 0) {
      out += 4;
      p = end + 1;
      if (load<u8>(end) == 0x2c) continue;
      count = ((out - start) >> 2) as u32;
      return p;
    }
    p = skipSpace(p);
    const next = parseNumber(p);
    if (next == 0) {
      count = ((out - start) >> 2) as u32;
      strangeAt = p;
      strangeIndex = count;
      p = skipElements(p, depth + 1);
      count += elements;
      return p;
    }
    if (abs(parsed) == f32.POSITIVE_INFINITY && infiniteAt == 0) {
      infiniteAt = p;
      infiniteIndex = ((out - start) >> 2) as u32;
    }
    store<f32>(out, parsed);
    out += 4;
    p = skipSpace(next);
    const c = load<u8>(p);
    if (c == 0x2c) {
      p++;
      continue;
    }
    count = ((out - start) >> 2) as u32;
    return c == 0x5d ? p + 1 : fail(p, code.EXPECT_COMMA_OR_BRACKET, code.JSON_SYNTAX);
  }
}
