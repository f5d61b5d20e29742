import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** The usual way in Node: readline, then JSON.parse of each line; at most `rows` of them. */
export async function* jsonLines(path, rows = Infinity) {
  const lines = createInterface({ input: createReadStream(path, { highWaterMark: 1 << 20 }), crlfDelay: Infinity });
  let left = rows;
  for await (const line of lines) {
    if (left-- <= 0) break;
    yield JSON.parse(line);
  }
}
