import { VERSION } from '../base/version.js';
import type { ReaderConfig } from '../readers/reader.js';
import type { Source } from '../sources/source.js';
import { cutInput, mayBeCut } from './cut-input.js';
import type { ConvertOptions } from './options.js';
import { statedOptions } from './plan-options.js';
import { planDuplicates, planInput, planLayout, planSplits, type Plan, type PlanInput } from './plan.js';
import type { Settings } from './settle.js';
import { targetOutsideState, type Target } from './stores.js';

/** A range of a file that is cut is never smaller, whatever the size of splits: what it costs to open it would be more than what is read. */
export const MIN_RANGE_BYTES = 1024 * 1024;

/**
 * Freezes everything that decides what a conversion writes. Nothing in it depends on how many machines or threads will work on it.
 *
 * @param target where it will be written to, opened by `to`
 */
export async function makePlan(
  sources: readonly Source[],
  mapping: ReaderConfig,
  options: Omit<ConvertOptions, 'inputs'>,
  settings: Settings,
  target: Target,
  to: string,
): Promise<Plan> {
  const { layout, fileBytes, rowGroupBytes, maxRecordBytes, splitBytes, onError } = settings;
  const { maxFilesPerNamespace, directSmallFiles } = settings;
  const outside = targetOutsideState(to, target);
  const { partBytes } = target.imports;
  const rangeBytes = Math.max(splitBytes, MIN_RANGE_BYTES);
  const inputs: PlanInput[] = [];
  const cuts = new Map<number, readonly number[]>();
  const cutOptions = { ...options, maxRecordBytes };
  for (const source of sources) {
    // What is not cut, which may be 100,000 small files, is not waited for.
    const cut = mayBeCut(source, rangeBytes, options) ? await cutInput(source, rangeBytes, cutOptions) : undefined;
    if (cut !== undefined) cuts.set(inputs.length, cut.starts);
    // What is cut is known to be uncompressed.
    const input = cut === undefined ? planInput(source) : planInput(source, 'none');
    inputs.push(cut?.header === undefined ? input : { ...input, header: cut.header });
  }
  return {
    format: 'pineload-plan',
    version: 1,
    pineload: VERSION,
    ...(outside === undefined ? {} : { to: outside }),
    mapping,
    options: statedOptions(options),
    output: {
      ...{ fileBytes, rowGroupBytes, maxRecordBytes, onError, maxFilesPerNamespace, directSmallFiles },
      ...(partBytes === undefined ? {} : { partBytes }),
      ...planLayout(layout),
      ...planDuplicates(options.duplicates),
    },
    inputs,
    splits: planSplits(inputs, splitBytes, (input) => cuts.get(input)),
  };
}
