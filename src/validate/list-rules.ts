import { LIMITS, type LimitInfo } from '../records/limits.js';
import { RULES, type RuleInfo } from '../records/rule-codes.js';
import { FILE_RULES } from './file-rules.js';
import { INDEX_RULES } from './index-rules.js';

/** One rule as it is listed. */
export interface ListedRule extends RuleInfo {
  readonly code: string;
  /** What is held against it: each record; layout, files and schemas; the import as a whole and the index. */
  readonly group: 'records' | 'files' | 'index';
}

/** Everything that records, files and imports are held against, in the order of the catalogues. */
export function listRules(): { readonly rules: readonly ListedRule[]; readonly limits: readonly LimitInfo[] } {
  const of = (group: ListedRule['group'], rules: Readonly<Record<string, RuleInfo>>): ListedRule[] =>
    Object.entries(rules).map(([code, { severity, basis, title, source }]) => ({
      code,
      group,
      severity,
      basis,
      title,
      source,
    }));
  return { rules: [...of('records', RULES), ...of('files', FILE_RULES), ...of('index', INDEX_RULES)], limits: LIMITS };
}
