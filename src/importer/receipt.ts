import type { CountSource } from './namespace-counts.js';
import type { SampleResult } from './sample.js';

export const RECEIPT_KEY = 'receipt.json';

/** What an import was found to have brought, for machines; kept beside the manifest. */
export interface Receipt {
  readonly format: 'pineload-receipt';
  readonly version: 1;
  /** pineload's own version. */
  readonly pineload: string;
  /** Is everything that the manifest names there? */
  readonly complete: boolean;
  readonly importId: string;
  readonly uri: string | undefined;
  readonly index: string;
  readonly host: string | undefined;
  readonly manifestSha256: string;
  /** Records of the manifest. */
  readonly records: number;
  /** Records that the service says it imported. */
  readonly recordsImported: number | undefined;
  readonly countedBy: CountSource;
  /** As in the manifest; `counted` is undefined when nothing could be counted. */
  readonly namespaces: readonly NamespaceReceipt[];
  readonly sample?: SampleResult | undefined;
  /** Of the import, by the service's clock. */
  readonly createdAt: string | undefined;
  readonly finishedAt: string | undefined;
  /** ISO 8601. */
  readonly checkedAt: string;
}

export interface NamespaceReceipt {
  readonly namespace: string;
  readonly expected: number;
  readonly counted: number | undefined;
  /** Why records are missing, as far as it was found out. */
  readonly explanation?: string | undefined;
}
