import { formatBytes } from '../base/bytes.js';
import type { Manifest } from '../writers/manifest.js';

/** What importing cost from a day on. */
export interface ImportPrice {
  /** First day, ISO date. */
  readonly from: string;
  /** US dollars a decimal GB (10^9 bytes) that the import reads. */
  readonly usdPerGB: number;
}

/**
 * Published prices of bulk import, oldest first. www.pinecone.io/blog/bulk-import-promo and
 * docs.pinecone.io/guides/manage-cost/understanding-cost (both read 2026-06). Pinecone may have changed them since.
 */
export const IMPORT_PRICES: readonly ImportPrice[] = [
  { from: '2024-10-01', usdPerGB: 1 },
  { from: '2026-06-01', usdPerGB: 0.25 },
];

export interface CostEstimate {
  /** Always: what is billed is the service's own measure of the records it reads, failed imports included. */
  readonly estimate: true;
  readonly bytes: number;
  readonly usd: number;
  readonly usdPerGB: number;
  /** Day that the price is from; undefined for a price given by the caller. */
  readonly priceFrom: string | undefined;
}

/**
 * What an import of this manifest may cost: its bytes as stored, times the price of the day. Floats are stored as they
 * are, so that this is near the size of the records.
 *
 * @param options.usdPerGB overrides the table
 * @param options.date day of the import, default now
 */
export function estimateCost(
  manifest: Pick<Manifest, 'bytes'>,
  options: { readonly usdPerGB?: number | undefined; readonly date?: Date | undefined } = {},
): CostEstimate {
  const day = (options.date ?? new Date()).toISOString().slice(0, 10);
  const listed = IMPORT_PRICES.findLast((price) => price.from <= day) ?? IMPORT_PRICES[0]!;
  const usdPerGB = options.usdPerGB ?? listed.usdPerGB;
  const usd = Math.round((manifest.bytes / 1e9) * usdPerGB * 1e4) / 1e4;
  const priceFrom = options.usdPerGB === undefined ? listed.from : undefined;
  return { estimate: true, bytes: manifest.bytes, usd, usdPerGB, priceFrom };
}

/** The estimate as a sentence. */
export function costText({ bytes, usd, usdPerGB, priceFrom }: CostEstimate): string {
  const price = `$${usdPerGB} a GB${priceFrom === undefined ? '' : `, price of ${priceFrom}`}`;
  return `Estimated cost of the import: $${usd.toFixed(usd < 1 ? 4 : 2)} (${formatBytes(bytes)} at ${price})`;
}
