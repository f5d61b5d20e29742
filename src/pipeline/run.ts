import { PineloadError } from '../base/errors.js';
import { connect } from '../importer/connect.js';
import { checkImportUri } from '../importer/import-uri.js';
import type { ConnectionOptions, ImportModel } from '../importer/types.js';
import type { Receipt } from '../importer/receipt.js';
import { importUri } from '../uploaders/uri.js';
import { convert } from './convert.js';
import type { ConvertResult } from './commit.js';
import { follow, startPrepared, verify, type StartSettings, type VerifySettings, type WaitSettings } from './import.js';
import { fillRun, type ConvertOptions } from './options.js';
import { REHEARSAL_INDEX, startRehearsal, type Rehearsal } from './rehearse.js';
import { openTarget } from './stores.js';

/** Options of `run`: those of all its steps. */
export interface RunOptions extends ConvertOptions, ConnectionOptions, StartSettings, WaitSettings, VerifySettings {
  /** Import into a local stand-in for the service instead of an index: needs no account. Default false. */
  readonly rehearse?: boolean | undefined;
}

/** What a run ends in: everything arrived. */
export interface RunResult {
  readonly convert: ConvertResult;
  readonly import: ImportModel;
  readonly receipt: Receipt;
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
      checkImportUri(importUri(target.imports), loopback);
    }
    const converted = await convert(options);
    if (options.rehearse === true) rehearsal = await startRehearsal(converted.manifest, options);
    const connection: ConnectionOptions =
      rehearsal === undefined
        ? options
        : { indexName: REHEARSAL_INDEX, controlPlane: rehearsal.url, apiKey: 'rehearsal' };
    const client = await connect(connection, { onEvent: options.onEvent, signal: options.signal });
    const prepared = { target, manifest: converted.manifest, sha256: converted.manifestSha256 };
    const records = rehearsal?.records ?? target.state;
    const { id } = await startPrepared(client, prepared, records, options);
    const model = await follow(client, id, options);
    const receipt = await verify(client, model, prepared, records, options);
    return { convert: converted, import: model, receipt, verified: true, rehearsal: rehearsal !== undefined };
  } finally {
    await target.imports.close();
    await target.state.close();
    await rehearsal?.close();
  }
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
