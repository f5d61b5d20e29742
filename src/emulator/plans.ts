/** Pricing plans of the service. */
export const PLANS = ['starter', 'builder', 'standard', 'enterprise'] as const;
export type Plan = (typeof PLANS)[number];

/** What a plan allows, as far as imports touch it. */
export interface PlanLimits {
  /** Namespaces of one serverless index. docs.pinecone.io/reference/api/database-limits/object-limits (2026-07). */
  readonly namespacesPerIndex: number;
  /** Imports are for the Standard and Enterprise plans. docs.pinecone.io/guides/index-data/import-data (2026-01). */
  readonly imports: boolean;
}

export const PLAN_LIMITS: Readonly<Record<Plan, PlanLimits>> = {
  starter: { namespacesPerIndex: 100, imports: false },
  builder: { namespacesPerIndex: 1_000, imports: false },
  standard: { namespacesPerIndex: 100_000, imports: true },
  enterprise: { namespacesPerIndex: 100_000, imports: true },
};
