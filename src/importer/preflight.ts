import { PineloadError } from '../base/errors.js';
import type { ImportLimits } from '../records/limits.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { Manifest } from '../writers/manifest.js';
import type { PineconeClient } from './api-client.js';
import { checkDirectory } from './check-directory.js';
import { checkIndex } from './check-index.js';
import { checkLimits } from './check-limits.js';
import { checkNamespaces, isRefusal } from './check-namespaces.js';
import { estimateCost, type CostEstimate } from './cost.js';
import { finding, type Finding } from './findings.js';
import { checkImportUri } from './import-uri.js';
import type { IndexModel, IndexStats } from './types.js';

export interface PreflightOptions {
  readonly client: PineconeClient;
  /** Default: what the client knows; without it the stats of the index tell less. */
  readonly index?: IndexModel | undefined;
  readonly manifest: Manifest;
  /** What would be imported. */
  readonly uri: string;
  readonly storeScheme: ObjectStore['scheme'];
  readonly integrationId?: string | undefined;
  /** The import directory, to compare with the manifest; not compared without. */
  readonly store?: ObjectStore | undefined;
  readonly limits?: ImportLimits | undefined;
  /**
   * Manifests of the imports that the whole is done in; limits hold for each of them. Default: `manifest` itself, in one.
   */
  readonly parts?: readonly Manifest[] | undefined;
  /** Overrides the price table, US dollars a GB. */
  readonly usdPerGB?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PreflightReport {
  /** No finding is an error. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly cost: CostEstimate;
}

/**
 * Would this import go through? Changes nothing. What is wrong is in the findings, not thrown; facts that Pinecone's own
 * sources contradict are warnings.
 *
 * @throws URI_INVALID; API_* when the index cannot be asked
 */
export async function preflight(options: PreflightOptions): Promise<PreflightReport> {
  const { client, manifest, signal } = options;
  checkImportUri(options.uri, client.loopback, options.limits?.maxImportUriLength);
  const index = options.index ?? client.indexModel;
  const stats = await statsUnlessRefused(client, signal);
  const findings = [
    ...checkIndex(index, stats, manifest),
    ...checkCloud(index, options.storeScheme),
    ...checkIntegration(options),
    await checkNamespaces(
      client,
      manifest.namespaces.map(({ namespace }) => namespace),
      stats,
      signal,
    ),
    ...checkParts(options),
  ];
  if (options.store !== undefined) findings.push(await checkDirectory(options.store, manifest, signal));
  return {
    ok: findings.every(({ severity }) => severity !== 'error'),
    findings,
    cost: estimateCost(manifest, { usdPerGB: options.usdPerGB }),
  };
}

/** Turns a report with errors into PREFLIGHT_FAILED. */
export function demandPreflight(report: PreflightReport): void {
  const errors = report.findings.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const said = errors.map(({ message, expected, got }) => {
    const facts = [
      expected === undefined ? [] : [`expected ${expected}`],
      got === undefined ? [] : [`got ${got}`],
    ].flat();
    return facts.length === 0 ? message : `${message} (${facts.join(', ')})`;
  });
  const hints = [...new Set(errors.flatMap(({ hint }) => hint ?? []))];
  throw new PineloadError('PREFLIGHT_FAILED', {
    message: `the import would fail: ${said.join('; ')}`,
    ...(hints.length === 0 ? {} : { hint: hints.join(' ') }),
  });
}

/** Were the target namespaces seen not to exist? */
export function namespacesAreNew(report: PreflightReport): boolean {
  return report.findings.some(({ code, severity }) => code === 'NAMESPACES_NEW' && severity === 'ok');
}

/** Stats are not available for every kind of index; the other checks do without them then. */
export async function statsUnlessRefused(
  client: PineconeClient,
  signal?: AbortSignal,
): Promise<IndexStats | undefined> {
  try {
    return await client.indexStats({ signal });
  } catch (error) {
    // A key that is not taken at all is told at once, not as a row of half answers.
    if (error instanceof PineloadError && isRefusal(error) && error.code !== 'API_UNAUTHORIZED') return undefined;
    throw error;
  }
}

/** The limits of every import; what is right is told once, of the fullest. */
function checkParts({ manifest, parts = [manifest], limits }: PreflightOptions): Finding[] {
  if (parts.length === 1) return checkLimits(parts[0]!, limits);
  const wrong = parts.flatMap((part) => checkLimits(part, limits).filter(({ severity }) => severity !== 'ok'));
  const largest = parts.reduce((most, part) => (part.bytes > most.bytes ? part : most), parts[0] ?? manifest);
  return wrong.length > 0 ? wrong : checkLimits(largest, limits);
}

/** docs.pinecone.io/guides/index-data/import-data (2026-01): S3 into AWS only, GCS and Azure into all three clouds. */
function checkCloud(index: IndexModel | undefined, scheme: ObjectStore['scheme']): Finding[] {
  if (scheme !== 's3') return [finding('ok', 'CLOUD', 'this storage can be imported from into an index on any cloud')];
  if (index?.cloud === undefined) {
    return [
      finding('warning', 'CLOUD', 'from S3, only indexes on AWS can be imported into', { got: 'an unknown cloud' }),
    ];
  }
  if (index.cloud === 'aws') return [finding('ok', 'CLOUD', 'from S3 into an index on AWS')];
  return [
    finding('error', 'CLOUD', 'from S3, only indexes on AWS can be imported into', {
      expected: 'aws',
      got: index.cloud,
      hint: 'Put the data into Google Cloud Storage or Azure Blob Storage, or import into an index on AWS.',
    }),
  ];
}

function checkIntegration({ client, integrationId, storeScheme }: PreflightOptions): Finding[] {
  if (client.loopback || storeScheme === 'file') return [];
  return integrationId === undefined
    ? [finding('ok', 'INTEGRATION', 'no storage integration: Pinecone will read the storage as public')]
    : [finding('ok', 'INTEGRATION', 'Pinecone will read the storage through the given integration')];
}
