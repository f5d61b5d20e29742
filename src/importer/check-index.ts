import { quote } from '../base/errors.js';
import type { Manifest } from '../writers/manifest.js';
import { finding, type Finding } from './findings.js';
import type { IndexModel, IndexStats } from './types.js';

/** Does the index take what the manifest holds? What the control plane does not tell is taken from the stats. */
export function checkIndex(
  index: IndexModel | undefined,
  stats: IndexStats | undefined,
  manifest: Manifest,
): Finding[] {
  return [
    ...(index === undefined ? [] : checkDeployment(index)),
    ...checkVectors(
      {
        dimension: index?.dimension ?? stats?.dimension,
        metric: index?.metric ?? stats?.metric,
        vectorType: index?.vectorType ?? stats?.vectorType,
      },
      manifest,
    ),
  ];
}

function checkDeployment(index: IndexModel): Finding[] {
  const findings: Finding[] = [];
  const state = index.state === undefined ? undefined : quote(index.state);
  if (index.ready === false) {
    findings.push(
      finding('error', 'INDEX_READY', 'the index is not ready', {
        expected: 'a ready index',
        got: state,
        hint: 'Wait until the index is ready.',
      }),
    );
  } else if (index.ready === true) {
    findings.push(finding('ok', 'INDEX_READY', 'the index is ready'));
  } else {
    findings.push(
      finding('warning', 'INDEX_READY', 'the service does not say whether the index is ready', { got: state }),
    );
  }

  if (index.deployment === 'pod') {
    findings.push(
      finding('error', 'INDEX_SERVERLESS', 'only serverless indexes can be imported into', {
        expected: 'a serverless index',
        got: 'a pod-based index',
      }),
    );
  } else if (index.serverless) {
    findings.push(finding('ok', 'INDEX_SERVERLESS', 'the index is serverless'));
  } else {
    findings.push(
      finding('warning', 'INDEX_SERVERLESS', 'imports are documented for serverless indexes only', {
        expected: 'a serverless index',
        got: index.deployment === 'byoc' ? 'an index in your own cloud (BYOC)' : 'an index of unknown kind',
      }),
    );
  }

  if (index.hasSchema === true) {
    findings.push(
      finding('warning', 'INDEX_SCHEMA', 'the index has a schema: such indexes are said to import JSONL, not Parquet', {
        expected: 'an index without a schema',
      }),
    );
  }
  if (index.embeds === true) {
    findings.push(
      finding(
        'warning',
        'INDEX_EMBEDDING',
        "Pinecone's sources disagree on imports into an index with integrated embedding",
      ),
    );
  }
  if (index.dedicated === true) {
    findings.push(
      finding(
        'warning',
        'INDEX_DEDICATED',
        "Pinecone's sources disagree on imports into an index with dedicated read nodes",
      ),
    );
  }
  return findings;
}

interface VectorFacts {
  readonly dimension: number | undefined;
  readonly metric: string | undefined;
  readonly vectorType: string | undefined;
}

function checkVectors({ dimension, metric, vectorType }: VectorFacts, manifest: Manifest): Finding[] {
  const findings: Finding[] = [];
  const { kind } = manifest;
  const needed = kind === 'sparse' ? 'sparse' : 'dense';
  if (vectorType === undefined) {
    findings.push(finding('warning', 'VECTOR_TYPE', 'the vector type of the index is not known', { expected: needed }));
  } else if (vectorType !== needed) {
    findings.push(
      finding('error', 'VECTOR_TYPE', `the records are ${kind}, the index is not`, {
        expected: `${needed} index`,
        got: `${quote(vectorType)} index`,
      }),
    );
  } else {
    findings.push(finding('ok', 'VECTOR_TYPE', `${kind} records go into a ${needed} index`));
  }

  if (kind !== 'sparse' && vectorType !== 'sparse') {
    if (dimension === undefined || manifest.dimension === undefined) {
      findings.push(finding('warning', 'DIMENSION', 'the dimension cannot be compared', { got: 'no dimension' }));
    } else if (dimension !== manifest.dimension) {
      findings.push(
        finding('error', 'DIMENSION', 'the vectors have another dimension than the index', {
          expected: `dimension ${dimension}`,
          got: `dimension ${manifest.dimension}`,
        }),
      );
    } else {
      findings.push(finding('ok', 'DIMENSION', `vectors and index have dimension ${dimension}`));
    }
  }

  if (kind === 'hybrid') {
    // docs.pinecone.io/guides/index-data/import-data (2026-01): hybrid is a dense index with metric dotproduct.
    if (metric === undefined) {
      findings.push(finding('warning', 'METRIC', 'the metric of the index is not known', { expected: 'dotproduct' }));
    } else if (metric !== 'dotproduct') {
      findings.push(
        finding('error', 'METRIC', 'sparse values beside dense ones need an index with metric dotproduct', {
          expected: 'dotproduct',
          got: quote(metric),
          hint: 'Without it the sparse values are refused or dropped.',
        }),
      );
    } else {
      findings.push(finding('ok', 'METRIC', 'the metric is dotproduct, as hybrid records need'));
    }
  }
  return findings;
}
