/** Bytes of each split. */
export function planSplits(fileBytes: readonly number[], splitBytes: number, canCut: boolean): number[];
export function zipf(total: number, count: number): number[];
export interface Schedule {
  readonly splits: readonly number[];
  readonly shards: number;
  readonly pods: number;
  readonly stragglers: number;
  readonly podLoss: number;
}
export function simulate(
  schedule: Schedule,
  seed: number,
): { readonly seconds: number; readonly repeated: number; readonly podSeconds: number };
export function tables(): { readonly quantities: string; readonly schedule: string };
