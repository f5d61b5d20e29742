import { PineloadError } from '../base/errors.js';
import { connect } from '../importer/connect.js';
import { checkImportUri } from '../importer/import-uri.js';
import type { ConnectionOptions, ImportModel } from '../importer/types.js';
import type { Receipt } from '../importer/receipt.js';
import { importUri } from '../uploaders/uri.js';
import { convert } from './convert.js';
import type { ConvertResult } from './commit.js';
import { DEFAULT_DUPLICATES, DEFAULT_DUPLICATES_CONTINUE, type DuplicatesMode } from './duplicates-mode.js';
import { exitCodeOf, importEach, type ImportOutcome, type TogetherSettings } from './import-roots.js';
import {
  directoryCheck,
  follow,
  preparedRoots,
  startRoot,
  verifyRoot,
  type StartSettings,
  type VerifySettings,
  type WaitSettings,
} from './import-steps.js';
import { fillRun, importLimits, type ConvertOptions } from './options.js';
import { REHEARSAL_INDEX, startRehearsal, type Rehearsal } from './rehearse.js';
import { openTarget } from './stores.js';

/** Options of `run`: those of all its steps. */
export interface RunOptions
  extends ConvertOptions, ConnectionOptions, StartSettings, WaitSettings, VerifySettings, TogetherSettings {
  /** Import into a local stand-in for the service instead of an index: needs no account. Default false. */
  readonly rehearse?: boolean | undefined;
}

/** What a run ends in: everything arrived. */
export interface RunResult {
  readonly convert: ConvertResult;
  /** The import; in layouts with several the first of them. */
  readonly import: ImportModel;
  readonly receipt: Receipt;
  /** All imports: one, but for layouts with several. */
  readonly imports: readonly ImportOutcome[];
  /** True: a run that cannot prove it throws. */
  readonly verified: true;
  readonly rehearsal: boolean;
}

/**
 * Convert, store, import, wait, verify. A run that was cut off at any point is finished by the same call: what was
 * converted is not converted again, an import that was started is found again.
 */
export async function run(options: RunOptions): Promise<RunResult> {
  checkTarget(options);
  const target = await openTarget(fillRun(options.to, options.runId, 'to'), options.state, options);
  let rehearsal: Rehearsal | undefined;
  try {
    if (options.rehearse !== true) {
      // A wrong key, index or place is to be told before hours of converting, not after.
      const { loopback } = await connect(options, { onEvent: options.onEvent, signal: options.signal });
      checkImportUri(importUri(target.imports), loopback, importLimits(options).maxImportUriLength);
    }
    const converted = await convert({ ...options, duplicates: duplicatesFor(options) });
    if (options.failOnRejects === true && converted.manifest.rejected > 0) throw rejectsLeft(converted);
    if (options.rehearse === true) rehearsal = await startRehearsal(converted.manifest, options);
    const connection: ConnectionOptions =
      rehearsal === undefined
        ? options
        : { indexName: REHEARSAL_INDEX, controlPlane: rehearsal.url, apiKey: 'rehearsal' };
    const client = await connect(connection, { onEvent: options.onEvent, signal: options.signal });
    const prepared = { target, manifest: converted.manifest, sha256: converted.manifestSha256 };
    const records = rehearsal?.records ?? target.state;
    const roots = preparedRoots(prepared, records);
    const common = { convert: converted, verified: true, rehearsal: rehearsal !== undefined } as const;
    if (converted.manifest.layout !== undefined) {
      const imports = await importEach(client, prepared, roots, options);
      const [first] = imports;
      const allThere = imports.every(({ state }) => state === 'verified');
      if (!allThere || first?.model === undefined || first.receipt === undefined) throw failed(imports);
      return { ...common, import: first.model, receipt: first.receipt, imports };
    }
    const root = roots[0]!;
    const { id } = await startRoot(client, root, directoryCheck(prepared, options), options);
    const model = await follow(client, id, options);
    const receipt = await verifyRoot(client, model, root, options);
    const { name, uri } = root;
    const outcome: ImportOutcome = { name, uri, id, state: 'verified', model, receipt, error: undefined };
    return { ...common, import: model, receipt, imports: [outcome] };
  } finally {
    await target.imports.close();
    await target.state.close();
    await rehearsal?.close();
  }
}

/** The import has not begun, so what was rejected can still be mended. */
function rejectsLeft({ manifest, rejectsFile }: ConvertResult): PineloadError {
  const codes = Object.entries(manifest.rejectsByCode).map(([code, count]) => `${code} ${count}`);
  return new PineloadError('REJECTS_LEFT', {
    ...(rejectsFile === undefined ? {} : { source: rejectsFile }),
    expected: 'none, as failOnRejects says',
    got: codes.join(', '),
    hint: 'Mend them and join them, then run again: pineload convert FIXED --to TARGET --join',
  });
}

/** What the service does with duplicates depends on the import's error mode, and so does what is done about them here. */
function duplicatesFor({ duplicates, errorMode }: RunOptions): DuplicatesMode {
  return duplicates ?? (errorMode === 'continue' ? DEFAULT_DUPLICATES_CONTINUE : DEFAULT_DUPLICATES);
}

/** One error for several imports: of the kind of the worst, since that decides what to do. */
function failed(imports: readonly ImportOutcome[]): PineloadError {
  const code = exitCodeOf(imports);
  const worst = imports.find(({ error }) => error?.exitCode === code)?.error;
  const count = (state: ImportOutcome['state']): number => imports.filter((one) => one.state === state).length;
  const states = (['verified', 'failed', 'running', 'waiting'] as const).filter((state) => count(state) > 0);
  return new PineloadError(worst?.code ?? 'IMPORT_FAILED', {
    message: `of ${imports.length} imports ${states.map((state) => `${count(state)} ${state}`).join(', ')}${worst === undefined ? '' : `; ${worst.message}`}`,
    hint: `See them with "pineload import watch --each", redo those that failed with "pineload import retry", or run again.`,
    cause: worst,
  });
}

function checkTarget(options: RunOptions): void {
  if (options.rehearse === true) {
    if (options.indexName === undefined && options.indexHost === undefined) return;
    throw new PineloadError('OPTION_INVALID', {
      field: 'rehearse',
      message: 'a rehearsal imports into an index of its own',
      expected: 'either rehearse, or indexName or indexHost',
      got: 'both',
    });
  }
  if (options.indexName === undefined && options.indexHost === undefined) {
    throw new PineloadError('OPTION_INVALID', {
      field: 'indexName',
      message: 'no index',
      hint: 'Name it with --index-name, or try the whole line without an account with --rehearse.',
    });
  }
}
