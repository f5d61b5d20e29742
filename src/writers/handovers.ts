/** With more small files than this in a local directory threads write them: to load what that takes is worth it. */
export const MANY_RESTS = 128;
/** Each thread has so many handovers at once: files wait for the disk mostly. */
export const HANDOVERS_PER_THREAD = 2;
const MAX_HANDOVER_FILES = 32;
const MAX_HANDOVER_BYTES = 1024 * 1024;

/** Namespaces whose last rows are handed to a thread together. */
export interface Handover<Namespace> {
  readonly namespaces: Namespace[];
  /** Of the rows' values. */
  bytes: number;
}

/** In the order given, which is that in which rows lie in the log. @param bytesOf of what is left of a namespace */
export function inHandovers<Namespace>(
  namespaces: readonly Namespace[],
  bytesOf: (namespace: Namespace) => number,
): readonly Handover<Namespace>[] {
  const handovers: Handover<Namespace>[] = [];
  for (const namespace of namespaces) {
    const bytes = bytesOf(namespace);
    const last = handovers.at(-1);
    if (last !== undefined && last.namespaces.length < MAX_HANDOVER_FILES && last.bytes + bytes <= MAX_HANDOVER_BYTES) {
      last.namespaces.push(namespace);
      last.bytes += bytes;
    } else {
      handovers.push({ namespaces: [namespace], bytes });
    }
  }
  return handovers;
}
