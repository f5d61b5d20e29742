/** Process exit codes. Job schedulers act on them (see docs/errors.md), so a code's meaning never changes. */
export const EXIT = {
  /** All done. */
  OK: 0,
  /** A fault nobody foresaw: a bug, most likely. */
  UNEXPECTED: 1,
  /** The command line or the options are wrong. */
  USAGE: 2,
  /** The input was rejected. */
  REJECTED: 3,
  /** Credentials, configuration, or a conflict with what is already there. */
  CONFIG: 4,
  /** Temporary: the same command may succeed later. */
  TEMPORARY: 5,
  /** The import failed, or records are missing after it. */
  IMPORT_FAILED: 6,
  /** Waiting timed out; the import goes on. */
  TIMEOUT: 7,
  SIGINT: 130,
  SIGTERM: 143,
} as const;
