/** Below 0 when the key at `a[i]` comes first, 0 when they are the same. */
export function compareKeys(a: Uint32Array, i: number, b: Uint32Array, j: number, keyWords: number): number {
  for (let k = 0; k < keyWords; k++) {
    const x = a[i + k]!;
    const y = b[j + k]!;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
