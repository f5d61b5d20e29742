import { readFileSync } from 'node:fs';

/** pineload's own version, from package.json: two folders up both from `src/base` and from `dist/base`. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
