/** The calls the emulator answers; faults and the log go by these names. */
export const OPERATIONS = [
  'listIndexes',
  'createIndex',
  'describeIndex',
  'deleteIndex',
  'startImport',
  'listImports',
  'describeImport',
  'cancelImport',
  'describeStats',
  'listNamespaces',
  'createNamespace',
  'describeNamespace',
  'deleteNamespace',
  'fetchVectors',
  'listVectors',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One thing that goes wrong. */
export interface FaultRule {
  /** Which calls it befalls; `*` for all. */
  readonly operation: Operation | '*';
  /**
   * `status`: answers with `status` and a Pinecone error body; `reset`: the connection is reset without an answer;
   * `garbage`: 200 with a body that is no JSON; `delay`: the true answer, `delayMs` late.
   */
  readonly kind: 'status' | 'reset' | 'garbage' | 'delay';
  /** Whether the call is carried out first and its answer lost (`after`), or not at all (`before`, the default). */
  readonly when?: 'before' | 'after' | undefined;
  /** HTTP status, default 500. */
  readonly status?: number | undefined;
  /** `Retry-After` header, in seconds. */
  readonly retryAfter?: number | undefined;
  /** Matching calls that pass first. Default 0. */
  readonly skip?: number | undefined;
  /** Matching calls it then befalls. Default 1. */
  readonly times?: number | undefined;
  /** Waits this long before it answers, in ms. */
  readonly delayMs?: number | undefined;
}

/** Everything that can be set to go wrong. */
export interface FaultSettings {
  readonly rules?: readonly FaultRule[] | undefined;
  /** A new import is not in the list for so long, in ms. */
  readonly listLagMs?: number | undefined;
  /** Records do not count in stats and namespaces for so long after their import has ended, in ms. */
  readonly statsLagMs?: number | undefined;
  /** Calls of all kinds together that are answered per second; further ones get 429 with `Retry-After`. */
  readonly requestsPerSecond?: number | undefined;
}

/** Deals out the faults, in the order of the rules; one per call at most. */
export class Faults {
  #settings: FaultSettings = {};
  #seen = new Map<FaultRule, number>();
  #throttle: Throttle | undefined;

  constructor(settings: FaultSettings = {}) {
    this.set(settings);
  }

  /** Replaces all settings; every rule counts from zero. */
  set(settings: FaultSettings): void {
    this.#settings = settings;
    this.#seen = new Map();
    const { requestsPerSecond } = settings;
    this.#throttle = requestsPerSecond === undefined ? undefined : new Throttle(requestsPerSecond);
  }

  get settings(): FaultSettings {
    return this.#settings;
  }

  get listLagMs(): number {
    return this.#settings.listLagMs ?? 0;
  }

  get statsLagMs(): number {
    return this.#settings.statsLagMs ?? 0;
  }

  /** The fault for this call, if any. Counts the call. */
  next(operation: Operation): FaultRule | undefined {
    let hit: FaultRule | undefined;
    for (const rule of this.#settings.rules ?? []) {
      if (rule.operation !== '*' && rule.operation !== operation) continue;
      const seen = this.#seen.get(rule) ?? 0;
      this.#seen.set(rule, seen + 1);
      const skip = rule.skip ?? 0;
      if (hit === undefined && seen >= skip && seen < skip + (rule.times ?? 1)) hit = rule;
    }
    return hit ?? this.#throttle?.next();
  }
}

/** A bucket of one second's calls that fills up evenly. */
class Throttle {
  readonly #perSecond: number;
  readonly #refusal: FaultRule;
  #left: number;
  #countedAt = performance.now();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = Math.max(1, perSecond);
    this.#refusal = { operation: '*', kind: 'status', status: 429, retryAfter: Math.ceil(1 / perSecond) };
  }

  /** Undefined when this call may pass. */
  next(): FaultRule | undefined {
    const now = performance.now();
    this.#left += ((now - this.#countedAt) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#left, Math.max(1, this.#perSecond));
    this.#countedAt = now;
    if (this.#left < 1) return this.#refusal;
    this.#left--;
    return undefined;
  }
}

/** Checks settings that came in as JSON; a sentence when they are wrong. */
export function parseFaults(input: unknown): FaultSettings | string {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return 'expected a JSON object';
  const { rules = [], listLagMs, statsLagMs, requestsPerSecond, ...rest } = input as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) return `unknown setting "${unknown}"`;
  if (!isCount(listLagMs) || !isCount(statsLagMs)) return 'listLagMs and statsLagMs are numbers of milliseconds';
  if (!isCount(requestsPerSecond) || requestsPerSecond === 0) return 'requestsPerSecond is a number above 0';
  if (!Array.isArray(rules)) return 'rules is a list';
  for (const rule of rules as unknown[]) {
    const fault = ruleFault(rule);
    if (fault !== undefined) return fault;
  }
  return input as FaultSettings;
}

const RULE_NUMBERS = ['status', 'retryAfter', 'skip', 'times', 'delayMs'] as const;
const RULE_FIELDS: ReadonlySet<string> = new Set(['operation', 'kind', 'when', ...RULE_NUMBERS]);

function ruleFault(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return 'a rule is an object';
  const rule = input as Record<string, unknown>;
  if (rule['operation'] !== '*' && !OPERATIONS.some((name) => name === rule['operation'])) {
    return `a rule's operation is "*" or one of ${OPERATIONS.join(', ')}`;
  }
  if (!['status', 'reset', 'garbage', 'delay'].some((kind) => kind === rule['kind'])) {
    return 'a rule\'s kind is "status", "reset", "garbage" or "delay"';
  }
  if (![undefined, 'before', 'after'].some((when) => when === rule['when']))
    return 'a rule\'s when is "before" or "after"';
  const unknown = Object.keys(rule).find((name) => !RULE_FIELDS.has(name));
  if (unknown !== undefined) return `a rule has no "${unknown}"`;
  const wrong = RULE_NUMBERS.find((name) => !isCount(rule[name]));
  return wrong === undefined ? undefined : `a rule's ${wrong} is a number from 0 up`;
}

function isCount(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value) && value >= 0);
}
