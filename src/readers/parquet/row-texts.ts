import {
  ColumnPages,
  inFile,
  LevelColumn,
  corrupt,
  type DecodeBudget,
  type ParquetFile,
  type SchemaNode,
} from '../../parquet/decode/index.js';
import type { JsonOut } from './json-out.js';
import { keyOf, valueWriter, type ColumnOf, type ValueWriter } from './value-writers.js';

/** Which columns go into the lines. */
export interface RowTextOptions {
  readonly leaves: ReadonlySet<SchemaNode>;
  /** A leaf whose whole numbers are written as texts. */
  readonly quoted?: SchemaNode | undefined;
  /** Write every column at the top of the schema, as null where there is nothing else. Default: what is null is left out. */
  readonly everyColumn?: boolean | undefined;
}

/** A column at the top of the schema, as member of a row. */
interface Member {
  readonly key: Uint8Array;
  /** Absent: always null. */
  readonly writer: ValueWriter | undefined;
}

/** Rows of a row group as lines of JSON: `{"id":"a","title":"…"}`. */
export class RowTexts {
  readonly #members: Member[] = [];
  readonly #columns: LevelColumn[] = [];

  /** @throws PineloadError PARQUET_UNSUPPORTED */
  constructor(
    private readonly file: ParquetFile,
    group: number,
    private readonly options: RowTextOptions,
    budget: DecodeBudget,
  ) {
    const { leaves, quoted, everyColumn } = options;
    const chunks = file.metadata.rowGroups[group]!.columns;
    const windowBytes = Math.min(MAX_WINDOW_BYTES, Math.ceil(ALL_WINDOWS_BYTES / Math.max(1, leaves.size)));
    const columnOf: ColumnOf = (leaf) => {
      if (!leaves.has(leaf)) return undefined;
      const pages = new ColumnPages(file, leaf, chunks[leaf.leaf]!, budget, windowBytes);
      const column = this.#named(leaf, () => new LevelColumn(pages, leaf, file.limits.pageBytes));
      this.#columns.push(column);
      return { column, quoted: leaf === quoted && column.type.isInteger };
    };
    for (const node of file.root.children) {
      const writer = valueWriter(node, columnOf);
      if (writer !== undefined || everyColumn === true) this.#members.push({ key: keyOf(node), writer });
    }
  }

  /** Makes `rows` rows ready to be written. */
  async ensure(rows: number): Promise<void> {
    for (const column of this.#columns) {
      try {
        await column.ensure(rows);
      } catch (error) {
        throw this.#fault(error, column.node);
      }
    }
  }

  /** Writes the next row and a line feed. */
  write(out: JsonOut): void {
    let separator = 0x7b;
    for (const { key, writer } of this.#members) {
      const isNull = writer?.isNull() ?? true;
      if (!isNull || this.options.everyColumn === true) {
        out.byte(separator);
        separator = 0x2c;
        out.raw(key);
      }
      if (writer === undefined || isNull) {
        if (this.options.everyColumn === true) out.ascii('null');
        writer?.skip();
      } else {
        this.#named(writer.first.node, () => writer.write(out));
      }
    }
    if (separator === 0x7b) out.byte(0x7b);
    out.byte(0x7d);
    out.byte(0x0a);
    for (const column of this.#columns) {
      if (!column.beginsRow) throw this.#fault(corrupt('the columns of a group do not fit together'), column.node);
    }
  }

  /** To be called after the last row: no column may have more. */
  async finish(): Promise<void> {
    for (const column of this.#columns) {
      let ended: boolean;
      try {
        ended = await column.atEnd();
      } catch (error) {
        throw this.#fault(error, column.node);
      }
      if (!ended) throw this.#fault(corrupt('the column has more rows than its row group'), column.node);
    }
  }

  #named<T>(node: SchemaNode, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#fault(error, node);
    }
  }

  #fault(error: unknown, node: SchemaNode) {
    return inFile(error, this.file.input.source, node.path.join('.'));
  }
}

/** Read at once from one column, and from all of a row group: each column holds two of its windows. */
const MAX_WINDOW_BYTES = 1024 * 1024;
const ALL_WINDOWS_BYTES = 8 * 1024 * 1024;
