import { createWriteStream } from 'node:fs';
import { randomFrom } from './kills.js';

/** JSONL of so many records of 256 dimensions, each in the next of so many namespaces. @param lines what stands in some places instead */
export async function writeRecords(
  file: string,
  records: number,
  namespaces: number,
  lines: ReadonlyMap<number, string> = new Map(),
): Promise<void> {
  const random = randomFrom(11);
  const out = createWriteStream(file);
  for (let i = 0; i < records; i++) {
    const values = Array.from({ length: 256 }, () => Number((random() - 0.5).toFixed(6)));
    const line = lines.get(i) ?? JSON.stringify({ id: `r${i}`, values, namespace: `n${i % namespaces}` });
    if (!out.write(`${line}\n`)) await new Promise<void>((resolve) => out.once('drain', resolve));
  }
  await new Promise((resolve) => out.end(resolve));
}
