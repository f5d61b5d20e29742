/**
 * What is aimed at: pineload's speed over the other tool's, on inputs of 2 GB or more. `two` and `one` are DuckDB on as many
 * threads as pineload and on one.
 */
export const AIMS = {
  'jsonl-17': { two: 6, one: 5, polars: 7, hyparquet: 30, parquetjs: 150, floor: 0.5 },
  'jsonl-8': { two: 6, one: 5, floor: 0.5 },
  'jsonl-words': { two: 4 },
  'jsonl-sparse': { two: 3 },
  'csv-1536': { two: 20 },
  'csv-words': { two: 8 },
  'jsonl-17-gz': { gzip: 1 / 1.2 },
  namespaces: { files: 1 / 1.3 },
  startup: { node: 0.5 },
  shards: { one: 0.9 },
  'upload-s3': { s5cmd: 1 / 1.1, rclone: 1, awscli: 1 },
  'upload-s3-small': { s5cmd: 1 / 1.1, rclone: 1, awscli: 1 },
};

/** Uncompressed PLAIN vectors that `validate` goes through on one core, every rule and the search for duplicates included. */
export const VALIDATE_BYTES_PER_CPU_SECOND = 1e9;

/** Peak memory may grow by this share from a tenth of the input to all of it. */
export const PEAK_GROWTH = 0.1;
/** And it never exceeds this. */
export const PEAK_BYTES = 300e6;

/** Splits that a conversion may do again after a kill, in each process. */
export const REPEATED_SPLITS = 1;

/** A plan of this many objects and a commit of this many files (the search for duplicates apart) … */
export const OBJECTS = 100_000;
/** … take no longer than this (seconds), */
export const PLAN_SECONDS = 10;
export const COMMIT_SECONDS = 10;
/** and the plan no more memory. */
export const PLAN_PEAK_BYTES = 200e6;
/** Peak memory of an upload. */
export const UPLOAD_PEAK_BYTES = 300e6;
/** Convert and upload in one run take at most so many times the longer of the two. */
export const STREAM_TIMES = 1.15;
/** What is left after 90 % takes at most this share of the whole. */
export const RESUME_SHARE = 0.15;
