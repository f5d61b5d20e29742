/**
 * Bytes that are given to the system in one write. Of more at a time it makes larger pages of its cache, of free memory in large pieces, which
 * on a virtual machine the host may have to provide first: 868 MB in writes of 8 MB took 1.9 s of the processor, in writes of 1 MB 0.8 s.
 */
export const WRITE_BYTES = 1024 * 1024;
