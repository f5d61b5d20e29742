import { layOutRows, FIELD_BYTES } from '../kernel/kernel-config.js';
import { fixedExpectation } from '../kernel/kernel-rejects.js';
import { instantiateKernel, type KernelExports } from '../kernel/wasm.js';

/** What `scanCells` leaves at resultAddress, as u32. */
const RESULT_WORDS = 5;

/**
 * Finds the cells of CSV rows one by one, as the kernel does: for the header and the rows that the mapping is found in. (Chunks are read
 * by KernelReader.) Strictly by RFC 4180: a quote opens a field only as its first byte, is doubled inside, and behind the closing one
 * comes a delimiter or the line's end. Both LF and CRLF end a row.
 */
export class CsvRow {
  /** Fields of the row; all are counted, `capacity` of them kept. */
  fields = 0;
  /** Position of a breach of the rules, -1 for none, and what should have been there. */
  errorAt = -1;
  errorExpected = '';
  /** Line feeds in the row but its last one. */
  innerLines = 0;
  /** The text read last by `text()`. */
  textBytes: Uint8Array = new Uint8Array(0);
  textStart = 0;
  textEnd = 0;

  private readonly kernel: KernelExports;
  /** Address of the cells in the kernel's memory. */
  private readonly cells: number;
  private bytes: Uint8Array | undefined;
  /** Address of the first of `bytes`. */
  private input = 0;

  /** @param delimiter one ASCII character's code */
  constructor(delimiter: number, capacity: number) {
    this.kernel = instantiateKernel();
    this.cells = layOutRows(this.kernel, delimiter, capacity);
  }

  /**
   * Finds the fields of the row at `start`; the last byte of `bytes` is a line feed.
   * @returns the position of the line feed that ends the row
   */
  scan(bytes: Uint8Array, start: number): number {
    const { kernel } = this;
    if (this.bytes !== bytes) {
      this.input = kernel.place(bytes.length);
      new Uint8Array(kernel.memory.buffer).set(bytes, this.input);
      kernel.openRows();
      this.bytes = bytes;
    }
    kernel.scanCells(this.input + start);
    const [end, fields, breachAt, expected, innerLines] = new Uint32Array(
      kernel.memory.buffer,
      kernel.resultAddress(),
      RESULT_WORDS,
    ) as unknown as [number, number, number, number, number];
    this.fields = fields;
    this.errorAt = breachAt === 0 ? -1 : breachAt - this.input;
    this.errorExpected = breachAt === 0 ? '' : fixedExpectation(expected);
    this.innerLines = innerLines;
    return end - this.input;
  }

  /** Takes the text of a field to `textBytes`, without quotes; good until the next row. */
  text(field: number): void {
    const [start, end] = this.cell(field);
    this.textBytes = new Uint8Array(this.kernel.memory.buffer);
    this.textStart = start;
    this.textEnd = end;
  }

  isEmpty(field: number): boolean {
    const [start, end] = this.cell(field);
    return start === end;
  }

  private cell(field: number): [start: number, end: number] {
    const [start, end] = new Uint32Array(this.kernel.memory.buffer, this.cells + FIELD_BYTES * field, 2);
    return [start!, end!];
  }
}
