import type { NamespaceBuffer } from './namespace-buffer.js';
import type { NamespaceFiles } from './namespace-files.js';
import type { RowChain } from './row-chain.js';
import type { RowGroupMeter } from './row-group-meter.js';

/** Rows `from … to` of the sorted ones. */
export interface SortedRange {
  readonly from: number;
  readonly to: number;
}

/** All there is of one namespace. The open row group consists of the rows in the log, then those in the buffer or the last ones. */
export interface NamespaceState {
  readonly name: string;
  /** In the order in which namespaces came. */
  readonly number: number;
  readonly meter: RowGroupMeter;
  /** Rows in the log. */
  chain: RowChain | undefined;
  /** Rows that came many at a time. */
  buffer: NamespaceBuffer | undefined;
  /** At the end: the last of the open row group, where they lie. */
  last: SortedRange | undefined;
  readonly files: NamespaceFiles;
  /** Full row groups that wait in the log because too many files are open. */
  readonly waiting: { readonly rows: RowChain; readonly rawBytes: number }[];
  /** Row groups on their way to the file, and the last of them. */
  queued: number;
  lastWrite: Promise<void>;
}

/** It has a file open, or a row group on its way to one. */
export const isOpen = ({ files, queued }: NamespaceState): boolean => files.isOpen || queued > 0;
