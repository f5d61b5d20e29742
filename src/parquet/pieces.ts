/** Numbers of 4 bytes: one array, or several that follow one another. */
export type Pieces<T extends Float32Array | Uint32Array> = T | readonly T[];

/** The arrays one by one. */
export function arraysOf<T extends Float32Array | Uint32Array>(pieces: Pieces<T>): readonly T[] {
  return ArrayBuffer.isView(pieces) ? [pieces] : pieces;
}

/** How many numbers there are. */
export function countOf(pieces: Pieces<Float32Array | Uint32Array>): number {
  return arraysOf(pieces).reduce((sum, piece) => sum + piece.length, 0);
}

/** The bytes of each piece, which are the PLAIN encoding of its numbers on little-endian machines. */
export function bytesOf(pieces: Pieces<Float32Array | Uint32Array>): Uint8Array[] {
  return arraysOf(pieces).map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
}

/** Takes bytes from the front of pieces, as views: nothing is copied. */
export class PieceReader {
  private at = 0;
  private piece = 0;

  constructor(private readonly pieces: readonly Uint8Array[]) {}

  /** The next `length` bytes. */
  take(length: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let left = length;
    while (left > 0) {
      const piece = this.pieces[this.piece]!;
      const count = Math.min(left, piece.length - this.at);
      if (count > 0) taken.push(count === piece.length ? piece : piece.subarray(this.at, this.at + count));
      this.at += count;
      left -= count;
      if (this.at === piece.length) {
        this.piece++;
        this.at = 0;
      }
    }
    return taken;
  }
}
