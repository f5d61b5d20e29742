import { INPUTS } from '../lib/inputs.mjs';
import { convertCase } from './convert.mjs';
import { duplicatesCase } from './duplicates.mjs';
import { curveCase } from './curve.mjs';
import { wholeLineCase } from './line.mjs';
import { memoryCase } from './memory.mjs';
import { namespacesCase } from './namespaces.mjs';
import { commitCase, planCase } from './objects.mjs';
import { resumeCase } from './resume.mjs';
import { shardsCase } from './shards.mjs';
import { startupCase } from './startup.mjs';
import { validateCase } from './validate.mjs';
import { resumedConvertCase, resumedUploadCase } from './resume-store.mjs';
import { streamCase } from './stream.mjs';
import { uploadLocalCase, uploadS3Case } from './upload.mjs';

/**
 * A row of work in the suite.
 *
 * @typedef {object} Case
 * @property {string} name for --only
 * @property {string} title
 * @property {(bench: Bench, theCase: Case) => Promise<object[]>} run gives rows of results
 *
 * @typedef {object} Bench
 * @property {number} size bytes of each input
 * @property {number} rounds
 * @property {number} threads of the peers, and of pineload where it has several
 * @property {boolean} peers measure the peers too
 * @property {number} objects inputs of the plan and files of the commit
 * @property {boolean} quick
 * @property {boolean} keep leave inputs for the next run
 * @property {{ bytes: number, files: number, smallFiles: number, storeDir?: string }} upload of uploads to S3
 * @property {string} workDir cleared after each round
 * @property {string} keepDir cleared after the case
 * @property {(kind: string, size?: number) => Promise<object>} input makes it, or finds it
 * @property {(text: string) => void} say
 * @property {(text: string) => void} note for the end of the report
 */

/** @type {Case[]} */
export const CASES = [
  ...['jsonl-17', 'jsonl-8', 'jsonl-words', 'jsonl-sparse', 'csv-1536', 'csv-words', 'jsonl-17-gz'].map((kind) => ({
    name: kind,
    title: `convert ${INPUTS[kind].text}`,
    run: (bench, theCase) => convertCase(kind, bench, theCase),
  })),
  { name: 'memory', title: 'peak memory of convert, a tenth of the input and all of it', run: memoryCase },
  { name: 'namespaces', title: `convert ${INPUTS['jsonl-namespaces'].text}`, run: namespacesCase },
  { name: 'duplicates', title: 'convert, looking for duplicates and not', run: duplicatesCase },
  { name: 'curve', title: `convert ${INPUTS['jsonl-17'].text}, by number of workers`, run: curveCase },
  ...['parquet-1536', 'parquet-128'].map((kind) => ({
    name: kind.replace('parquet', 'validate'),
    title: `validate Parquet of ${kind.split('-')[1]} dimensions, PLAIN and uncompressed`,
    run: (bench, theCase) => validateCase(kind, bench, theCase),
  })),
  { name: 'upload-local', title: 'upload to a directory', run: uploadLocalCase },
  { name: 'upload-s3', title: 'upload of large files to MinIO on loopback', run: uploadS3Case },
  { name: 'upload-s3-small', title: 'upload of small files to MinIO on loopback', run: uploadS3Case },
  { name: 'stream-s3', title: 'convert and upload to MinIO in one run', run: streamCase },
  { name: 'stream-link', title: 'the same over a link as fast as converting', run: streamCase },
  { name: 'stream-slow-link', title: 'the same over a link half as fast', run: streamCase },
  { name: 'resume-upload', title: 'upload to MinIO, cut off at 90 % and finished', run: resumedUploadCase },
  ...[20, 40].map((splits) => ({
    name: splits === 20 ? 'resume-convert' : `resume-convert-${splits}`,
    title: `convert to MinIO in ${splits} splits, cut off at 90 % and finished`,
    run: resumedConvertCase,
    splits,
  })),
  { name: 'run', title: 'the whole line: run --rehearse', run: wholeLineCase },
  { name: 'shards', title: 'two shards on two cores, and one process', run: shardsCase },
  { name: 'resume', title: 'convert, killed at some moments and run again', run: resumeCase },
  { name: 'plan', title: 'plan many small objects', run: planCase },
  { name: 'commit', title: 'commit many small files', run: commitCase },
  { name: 'startup', title: 'start: pineload --version', run: startupCase },
];
