import { randomUUID } from 'node:crypto';

/**
 * Metadata name of a mark that tells one write from all others. A conditional write whose answer got lost is repeated by the
 * SDK and then refused because of the object that it made itself; the mark says whose it is.
 */
export const WRITE_TOKEN = 'pineloadwrite';

export function newWriteToken(): string {
  return randomUUID();
}
