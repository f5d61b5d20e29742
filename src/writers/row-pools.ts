import { DEFAULT_PAGE_BYTES, denseRowsPerPage } from '../parquet/pages.js';
import type { VectorKind } from '../records/batch.js';
import { PagePool } from './paged-column.js';
import { DEFAULT_SEGMENT_BYTES, MIN_SEGMENT_BYTES } from './scattered/row-memory.js';
import { DEFAULT_MAX_BUFFERED_BYTES, type SplitWriterOptions } from './split-options.js';

/** Namespaces begin with a whole page for vectors, instead of growing to it, until these take this much of it. */
const WHOLE_PAGES_SHARE = 1 / 8;
/** A segment of the log, or of scattered rows, takes this much of it, and DEFAULT_SEGMENT_BYTES at most. */
const SEGMENT_SHARE = 1 / 64;

export interface PagePoolOptions extends Pick<SplitWriterOptions, 'pageBytes' | 'maxBufferedBytes'> {
  /** Other threads encode what lies in the pages. Default false. */
  readonly shared?: boolean | undefined;
}

/** Memory for vectors, for all splits of a run. Its pages are pages of the file where they can be: a dense page is a whole number of rows. */
export function pagePool(
  kind: VectorKind,
  dimension: number,
  { pageBytes = DEFAULT_PAGE_BYTES, maxBufferedBytes = DEFAULT_MAX_BUFFERED_BYTES, shared }: PagePoolOptions = {},
): PagePool {
  const bytes =
    kind === 'dense'
      ? denseRowsPerPage(dimension, pageBytes) * dimension * 4
      : Math.max(4, pageBytes - (pageBytes % 4));
  const wholePages = Math.floor((WHOLE_PAGES_SHARE * maxBufferedBytes) / bytes);
  return new PagePool(bytes, wholePages, shared, segmentBytes(maxBufferedBytes));
}

/** Of the log, and of scattered rows: what is written to the disk, or taken of memory, at a time. */
export function segmentBytes(maxBufferedBytes: number): number {
  const wanted = Math.max(MIN_SEGMENT_BYTES, SEGMENT_SHARE * maxBufferedBytes);
  return Math.floor(Math.min(DEFAULT_SEGMENT_BYTES, wanted) / 4) * 4;
}
