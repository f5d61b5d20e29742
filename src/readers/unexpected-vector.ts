import { fieldLabel, problem, type Problem } from './problem.js';
import type { ReaderConfig } from './reader.js';

/** The rejection of a vector of the other kind. */
export function unexpectedVector(config: ReaderConfig, got: string): Problem {
  const field = fieldLabel(config.unexpectedVector);
  return config.kind === 'sparse'
    ? problem('VALUES_UNEXPECTED', field, 'no dense vector in a run of sparse records (vectorType)', got)
    : problem('SPARSE_UNEXPECTED', field, 'no sparse vector in a run of dense records (vectorType)', got);
}
