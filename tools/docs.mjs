// Writes docs/errors.md from the code: `node tools/docs.mjs` after a build, `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { CATALOGUE } from '../dist/base/error-catalogue.js';
import { RULES } from '../dist/records/rule-codes.js';

const file = new URL('../docs/errors.md', import.meta.url);
const table = (head, rows) =>
  [
    `| ${head.join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');

const errors = Object.entries(CATALOGUE).map(([code, e]) => [
  `\`${code}\``,
  String(e.exitCode),
  e.stage,
  e.title,
  e.retryable ? 'yes' : 'no',
]);
const rules = Object.entries(RULES).map(([code, r]) => [`\`${code}\``, r.title, r.basis, r.source]);

const text =
  await formatted(`<!-- Made by tools/docs.mjs from src/base/error-catalogue.ts and src/records/rule-codes.ts; do not edit. -->

# Errors, rejects and exit codes

Every error says what it is about, what was expected and what was got, and has a code. Under \`--json\` the same comes as
data: \`code\`, \`stage\`, \`message\`, \`source\`, \`line\`, \`id\`, \`field\`, \`expected\`, \`got\`, \`hint\`, \`retryable\`, \`exitCode\`.

## Exit codes

${table(
  ['code', 'meaning'],
  [
    ['0', 'all done'],
    ['1', 'unexpected: most likely a bug'],
    ['2', 'the command line or the options are wrong'],
    ['3', 'the input was rejected'],
    ['4', 'credentials, configuration, or a conflict with what is there already'],
    ['5', 'temporary: the same command may succeed later'],
    ['6', 'the import failed, or records are missing after it'],
    ['7', 'waiting timed out; the import goes on'],
    ['130, 143', 'stopped by SIGINT, SIGTERM'],
  ],
)}

## Errors

${table(['code', 'exit', 'stage', 'meaning', 'retry helps'], errors)}

## Why a record is rejected

*documented*: the service is known to refuse it. *prudent*: we think it wiser to. By default the first rejected record stops
the run; with \`--on-error skip\` each goes to \`rejects.jsonl\` with source, line, byte offset, id, namespace, code, field,
expected, got and its own text.

${table(['code', 'the record', 'basis', 'source'], rules)}
`);

async function formatted(markdown) {
  return format(markdown, { ...(await resolveConfig(file)), parser: 'markdown' });
}

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('docs/errors.md is not what the code says: run node tools/docs.mjs');
    process.exit(1);
  }
} else {
  writeFileSync(file, text);
}
