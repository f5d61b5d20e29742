// Writes docs/errors.md and docs/rules.md from the code: `node tools/docs.mjs` after a build, `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { CATALOGUE } from '../dist/base/error-catalogue.js';
import { RULES } from '../dist/records/rule-codes.js';
import { listRules } from '../dist/validate/list-rules.js';

const file = new URL('../docs/errors.md', import.meta.url);
const rulesFile = new URL('../docs/rules.md', import.meta.url);
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
expected and got; with \`--reject-records\` with its own text, too.

${table(['code', 'the record', 'basis', 'source'], rules)}

With \`--fail-on-rejects\`, \`convert\` exits with 3 when it has skipped a record, and \`run\` stops before it imports.

## Mending rejects

Convert with \`--on-error skip --reject-records\`, which puts the text of each rejected record into \`raw\`. Copy \`rejects.jsonl\`,
mend what is in \`raw\`, delete the lines that are given up, and join the file to the finished
conversion. The records are read with the conversion's own mapping and rules; each must be right by now.

    pineload convert mended.jsonl --to out/words --join

That works until an import of the directory was begun (\`JOIN_TOO_LATE\`): an import cannot add to a namespace that exists.
The manifest changes with it, so what was uploaded before is to be uploaded again. All files are read once more to find a record
that was there already; \`--duplicates allow\` leaves that out. Rejects of Parquet input have no text to mend.
`);

const listed = listRules();
const ofGroup = (group) =>
  table(
    ['code', 'severity', 'basis', 'what is wrong', 'source'],
    listed.rules
      .filter((rule) => rule.group === group)
      .map(({ code, severity, basis, title, source }) => [`\`${code}\``, severity, basis, escaped(title), source]),
  );

const rulesText = await formatted(`<!-- Made by tools/docs.mjs from src/records/ and src/validate/; do not edit. -->

# Rules and limits

[Read me](../README.md) · [Errors, rejects and exit codes](errors.md) · [Validating](validate.md)

Every record is held against these rules whichever way it comes in: JSONL, CSV, \`write(record)\` of the library, Parquet
under \`validate\`. The emulator keeps to the *documented* ones. \`pineload rules\` lists the same, \`--json\` as data.

*documented*: the service is known to refuse it. *prudent*: we think it wiser to. A *warning* stops nothing.

## Records

${ofGroup('records')}

## Directories and files

${ofGroup('files')}

## The import as a whole, and the index

${ofGroup('index')}

## Limits

Plans differ and limits move, so those that a record or an import meets can be set.

${table(
  ['limit', 'value', 'flag', 'library', 'source', 'read'],
  listed.limits.map(({ title, value, unit, flag, option, source, read }) => [
    title,
    `${value.toLocaleString('en-US')} ${unit}`,
    `\`${flag}\``,
    `\`${option}\``,
    source,
    read,
  ]),
)}

Several at once: \`--limits metadata-bytes=60KB,sparse-entries=4096\`, or \`PINELOAD_LIMITS\`.

## Metadata that the service does not take

By default a record with such metadata is rejected. Each of these changes it instead, and what was changed is counted in the
summary and the manifest (\`metadataChanges\`). What needs no change stays byte for byte.

| flag | library | what is done |
| --- | --- | --- |
| \`--metadata-nulls drop\` | \`metadataNulls\` | values that are null are left out, in lists too |
| \`--metadata-nested drop\` | \`metadataNested\` | values that are objects are left out |
| \`--metadata-nested stringify\` | | their JSON text takes their place |
| \`--metadata-nested flatten\` | | their fields take their place: \`{"a": {"b": 1}}\` becomes \`{"a.b": 1}\` |
| \`--metadata-lists drop\` | \`metadataLists\` | lists of other than strings are left out |
| \`--metadata-lists stringify\` | | their elements become strings: \`[1, "a"]\` becomes \`["1", "a"]\` |

Two fields that would get one name, numbers beyond float64, halves of surrogate pairs and keys that begin with \`$\` are
rejected all the same.
`);

/** What Markdown would take for a tag. */
function escaped(text) {
  return text.replace(/</g, '\\<');
}

async function formatted(markdown) {
  return format(markdown, { ...(await resolveConfig(file)), parser: 'markdown' });
}

for (const [page, wanted] of [
  [file, text],
  [rulesFile, rulesText],
]) {
  if (!process.argv.includes('--check')) writeFileSync(page, wanted);
  else if (readFileSync(page, 'utf8') !== wanted) {
    console.error(`${page.pathname.split('/').slice(-2).join('/')} is not what the code says: run node tools/docs.mjs`);
    process.exitCode = 1;
  }
}
