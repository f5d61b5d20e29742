import { PineloadError, quote } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import { parseTarget, siblingImports, splitObjectUri, withSignatureOf } from '../uploaders/uri.js';
import { fillRun, type ConvertOptions } from './options.js';
import { checkStatedAgain } from './plan-options.js';
import { readPlan, type StoredPlan } from './plan-file.js';
import { PLAN_KEY } from './plan.js';
import { openWithAccess, streaming, type StoreAccess, type Target } from './stores.js';

/** A plan, and the stores that it is worked on in. Whoever opens it closes them. */
export interface OpenedPlan extends StoredPlan {
  readonly target: Target;
  /** As it was given: opens the state, with a signature if it has one. */
  readonly uri: string;
}

/**
 * Opens a plan by the URI of the state that holds it, or its own. The target is the one that the plan names, or lies beside the state.
 *
 * @throws PLAN_MISSING; PLAN_DIFFERS for a plan of another version of pineload, whose output might not be the same; OPTION_INVALID for
 * an option that the plan fixes otherwise
 */
export async function openPlan(
  uri: string,
  options: StoreAccess & Partial<ConvertOptions>,
  signal?: AbortSignal,
): Promise<OpenedPlan> {
  const { root, key } = /\.json(?:\?|$)/.test(uri) ? splitObjectUri(uri) : { root: uri, key: PLAN_KEY };
  const state = await openWithAccess(root, options);
  try {
    const stored = await readPlan(state, key, signal);
    if (stored === undefined) {
      throw new PineloadError('PLAN_MISSING', {
        source: state.uri + key,
        hint: 'Make it with "pineload plan INPUT… --to TARGET", which names the URI to give here.',
      });
    }
    const { plan } = stored;
    if (plan.pineload !== VERSION) {
      throw new PineloadError('PLAN_DIFFERS', {
        source: state.uri + key,
        message: 'the plan was made by another version of pineload',
        expected: `version ${VERSION}`,
        got: `version ${quote(String(plan.pineload))}`,
        hint: 'Run the same version everywhere, or plan anew with --overwrite.',
      });
    }
    const to = plan.to === undefined ? siblingImports(root) : withSignatureOf(plan.to, root);
    if (to === undefined) {
      throw new PineloadError('PLAN_DIFFERS', {
        source: state.uri + key,
        message: 'the plan was made for a state that lies beside its target',
        expected: 'a directory whose name ends in .pineload',
        got: state.uri,
      });
    }
    checkStatedAgain(plan.options, options, state.uri + key);
    for (const [field, given, fixed] of [
      ['to', options.to, parseTarget(to).display],
      ['state', options.state, state.uri],
    ] as const) {
      if (given === undefined) continue;
      const got = parseTarget(fillRun(given, plan.options.runId, field)).display;
      if (got === fixed) continue;
      const source = state.uri + key;
      throw new PineloadError('OPTION_INVALID', {
        source,
        field,
        message: 'the plan fixes this option',
        expected: fixed,
        got,
      });
    }
    const { partBytes } = plan.output;
    if (options.partSize !== undefined && partBytes !== undefined && options.partSize !== partBytes) {
      throw new PineloadError('OPTION_INVALID', {
        source: state.uri + key,
        field: 'partSize',
        message: 'the plan fixes this option',
        expected: `${partBytes} bytes`,
        got: `${options.partSize} bytes`,
      });
    }
    const imports = await openWithAccess(to, streaming({ ...options, partSize: partBytes ?? options.partSize }));
    return { ...stored, target: { imports, state }, uri: root };
  } catch (error) {
    await state.close();
    throw error;
  }
}

export async function closeTarget({ imports, state }: Target): Promise<void> {
  await imports.close();
  await state.close();
}
