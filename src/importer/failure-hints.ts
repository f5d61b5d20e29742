interface KnownFailure {
  readonly pattern: RegExp;
  readonly hint: (match: RegExpExecArray) => string;
}

/**
 * What to do about the failures whose texts are known. The texts: docs.pinecone.io/guides/index-data/import-data
 * (2026-01); the remedies beyond it: reports from the field.
 */
const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    pattern: /namespace "([^"]{1,512})" already exists/i,
    hint: ([, name]) =>
      `An import fills only namespaces that do not exist. Delete namespace ${JSON.stringify(name)} (a failed import leaves some behind) ` +
      'or import into a new one.',
  },
  {
    pattern: /no parquet files found/i,
    hint: () =>
      'Check that the URI is the directory above the namespaces, that the upload is complete, and that Pinecone may list the bucket.',
  },
  {
    pattern: /complete path to a parquet file/i,
    hint: () => 'The URI must be the directory that holds one sub-directory for each namespace, not a file.',
  },
  {
    pattern: /no namespace detected/i,
    hint: () =>
      'Files must lie one directory below the URI: <uri>/<namespace>/<file>.parquet. The URI may be one level too deep.',
  },
  {
    pattern: /all rows were skipped/i,
    hint: () => 'Every row was invalid: most likely the dimension or the vector type differs from that of the index.',
  },
  {
    pattern: /unsupported column/i,
    hint: () =>
      'Only the columns id, values, sparse_values and metadata may be there. Check the files with "pineload validate".',
  },
  {
    pattern: /missing required column|missing required values|expected data type/i,
    hint: () =>
      'Check the files with "pineload validate"; which columns are needed depends on the vector type of the index.',
  },
  {
    pattern: /footer could not be parsed/i,
    hint: () => 'A file is cut off or no Parquet file. Check what was uploaded with "pineload validate".',
  },
  {
    pattern: /failed to parse metadata/i,
    hint: () => 'Metadata must be the text of a flat JSON object. Check with "pineload validate".',
  },
  {
    pattern: /dense vectors is not supported/i,
    hint: () => 'The index is for sparse vectors only: write the records without "values", or take a dense index.',
  },
  {
    pattern: /duplicate/i,
    hint: () =>
      'Records with the same vector values count as duplicates. Remove them, or import with --error-mode continue.',
  },
  {
    pattern: /system limit|limit exceeded|exceeds .*limit/i,
    hint: () => 'One import takes at most 10,000 namespaces, 100,000 files, 10 GB a file and 1 TB in all: split it.',
  },
  {
    pattern: /access|permission|denied|credential|forbidden|assume/i,
    hint: () =>
      'Pinecone itself reads the bucket: its storage integration needs to list the bucket and read the objects (and decrypt them, with a KMS key).',
  },
  {
    pattern: /unable to process your request/i,
    hint: () =>
      'This is a fault of the service; such imports are not billed. Try again later, after deleting what was left behind.',
  },
];

/** What to do about a failure, from the service's own text; undefined when it is not a known one. */
export function failureHint(error: string | undefined): string | undefined {
  if (error === undefined) return undefined;
  for (const { pattern, hint } of KNOWN_FAILURES) {
    const match = pattern.exec(error);
    if (match !== null) return hint(match);
  }
  return undefined;
}
