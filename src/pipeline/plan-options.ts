import { parseBytes } from '../base/bytes.js';
import { PineloadError } from '../base/errors.js';
import { DEFAULT_REJECT_RECORDS, type ConvertOptions, type RecordRules } from './options.js';

/** Options that decide what a conversion writes: a plan fixes them, and whoever works on it states none of them anew. */
export const PLAN_OPTIONS = [
  'idField',
  'valuesField',
  'valuesColumns',
  'sparseValuesField',
  'metadataField',
  'metadataFields',
  'metadataRest',
  'namespace',
  'namespaceField',
  'runId',
  'vectorEncoding',
  'vectorDelimiter',
  'vectorType',
  'dimension',
  'delimiter',
  'format',
  'compression',
  'csvNoMultiline',
  'scan',
  'maxRecordSize',
  'splitSize',
  'onError',
  'rejectRecords',
  'fileSize',
  'rowGroupSize',
  'layout',
  'sets',
  'maxFilesPerNamespace',
  'metadataNulls',
  'metadataNested',
  'metadataLists',
  'allowZeroVectors',
  'limits',
] as const satisfies readonly (keyof ConvertOptions)[];

/** Options that a plan carries as a default: they change nothing that is written, and may be stated anew. */
export const PLAN_DEFAULTS = ['maxRejects', 'duplicates'] as const satisfies readonly (keyof ConvertOptions)[];

export type PlanOptions = Pick<ConvertOptions, (typeof PLAN_OPTIONS)[number] | (typeof PLAN_DEFAULTS)[number]>;

const SIZES: ReadonlySet<string> = new Set(['maxRecordSize', 'splitSize', 'fileSize', 'rowGroupSize']);

/** What was stated of them, in the form that a plan keeps. */
export function statedOptions(options: Partial<ConvertOptions>): PlanOptions {
  const stated: Record<string, unknown> = {};
  for (const name of [...PLAN_OPTIONS, ...PLAN_DEFAULTS]) {
    const value = options[name];
    if (value === undefined || (name === 'rejectRecords' && value === DEFAULT_REJECT_RECORDS)) continue;
    stated[name] = SIZES.has(name) ? parseBytes(value as string | number, name) : value;
  }
  return stated as PlanOptions;
}

/** The rules alone, for records from memory, which need no mapping. */
export function statedRules(options: RecordRules): PlanOptions {
  const { metadataNulls, metadataNested, metadataLists, allowZeroVectors, limits } = options;
  return statedOptions({ metadataNulls, metadataNested, metadataLists, allowZeroVectors, limits });
}

/** Refuses options that differ from those of the plan. Stating the very same is allowed: one ConfigMap may serve all pods. */
export function checkStatedAgain(plan: PlanOptions, options: Partial<ConvertOptions>, source: string): void {
  const stated = statedOptions(options);
  for (const name of PLAN_OPTIONS) {
    if (stated[name] === undefined || JSON.stringify(stated[name]) === JSON.stringify(plan[name])) continue;
    throw new PineloadError('OPTION_INVALID', {
      source,
      field: name,
      message: 'the plan fixes this option',
      expected: plan[name] === undefined ? 'that it is left out' : JSON.stringify(plan[name]),
      got: JSON.stringify(stated[name]),
      hint: 'Leave it out here, or plan anew with it.',
    });
  }
}
