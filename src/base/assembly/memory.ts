// What every kernel whose memory JavaScript lays out offers of it.

/** First address behind the module's own data. */
export function heapBase(): usize {
  return __heap_base;
}

/** Makes sure that memory reaches up to `end`. */
export function reserve(end: usize): void {
  const pages = ((end + 0xffff) >> 16) as i32;
  const missing = pages - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
}
