import { isUtf8 } from 'node:buffer';
import { quote } from '../../base/errors.js';
import type { RecordBatch } from '../../records/batch.js';
import { BatchBuilder } from '../../records/batch-builder.js';
import { DEFAULT_NAMESPACE } from '../../records/limits.js';
import { rawText } from '../../records/raw-text.js';
import { mergeRejects, terminated } from '../chunk-bytes.js';
import { DenseVectorReader } from '../dense-vector.js';
import { JsonText } from '../json-text.js';
import { MetadataAssembler, metadataKey } from '../metadata-assembler.js';
import { NamespaceReader, RepeatedText, type NamespaceSource } from '../namespace.js';
import { count, fieldLabel, problem, shown, type Problem } from '../problem.js';
import type { Chunk, ChunkReader, FieldPath, MetadataColumnType, ReaderConfig } from '../reader.js';
import { SparseVectorReader } from '../sparse-vector.js';
import { unexpectedVector } from '../unexpected-vector.js';
import { CsvRow } from './row-scanner.js';

const NONE = -1;
const CR = 0x0d;

interface MetadataColumn {
  readonly column: number;
  readonly name: string;
  readonly key: Uint8Array;
  readonly type: MetadataColumnType;
}

/** Reads rows of CSV into columns. */
export class CsvReader implements ChunkReader, NamespaceSource {
  private readonly builder: BatchBuilder;
  private readonly row: CsvRow;
  private readonly dense: DenseVectorReader;
  private readonly sparse: SparseVectorReader;
  private readonly namespace: NamespaceReader;
  private readonly namespaceText = new RepeatedText();
  private readonly assembler = new MetadataAssembler();
  private readonly json = new JsonText();

  private readonly header: readonly string[];
  private readonly idColumn: number;
  /** Column of the whole dense vector, or the columns of its numbers. */
  private readonly valuesColumn: number;
  private readonly valuesColumns: readonly number[];
  private readonly sparseColumn: number;
  private readonly unexpectedColumn: number;
  private readonly metadataColumn: number;
  private readonly metadataColumns: readonly MetadataColumn[];
  private readonly namespaceColumns: readonly number[];

  /** @throws Error when the mapping names a column that the header lacks; `resolveMapping` sees to that. */
  constructor(private readonly config: ReaderConfig) {
    const { kind, dimension, values, metadata, csv } = config;
    if (csv === undefined) throw new Error('a CSV mapping without header');
    this.header = csv.header;
    const named = new Map(csv.header.map((name, column) => [name, column]));
    const columnOf = (name: string): number => {
      const column = named.get(name);
      if (column === undefined) throw new Error(`no column ${quote(name)} in the header`);
      return column;
    };
    const column = (path: FieldPath | undefined): number => (path === undefined ? NONE : columnOf(fieldLabel(path)));
    this.idColumn = column(config.id);
    this.valuesColumn = column(values !== undefined && 'field' in values ? values.field : undefined);
    this.valuesColumns = values !== undefined && 'columns' in values ? values.columns.map(columnOf) : [];
    this.sparseColumn = column(config.sparse);
    this.unexpectedColumn = column(config.unexpectedVector);
    this.metadataColumn = column(metadata.from === 'object' ? metadata.field : undefined);
    this.namespaceColumns = config.namespace.map((part) => (typeof part === 'string' ? NONE : column(part)));
    if (metadata.from === 'fields') {
      this.metadataColumns = metadata.fields.map(({ path, name, type }) => {
        return { column: column(path), name: fieldLabel(path), key: metadataKey(name), type };
      });
    } else if (metadata.from === 'rest') {
      const used = new Set([
        this.idColumn,
        this.valuesColumn,
        ...this.valuesColumns,
        this.sparseColumn,
        this.unexpectedColumn,
        ...this.namespaceColumns,
      ]);
      this.metadataColumns = csv.header
        .map((name, at) => {
          const type = Object.hasOwn(metadata.types, name) ? metadata.types[name]! : 'auto';
          return { column: at, name, key: metadataKey(name), type };
        })
        .filter((field) => !used.has(field.column));
    } else {
      this.metadataColumns = [];
    }

    this.builder = new BatchBuilder(kind, dimension);
    this.row = new CsvRow(csv.delimiter.charCodeAt(0), csv.header.length);
    const valuesName = this.valuesColumn === NONE ? '' : csv.header[this.valuesColumn]!;
    this.dense = new DenseVectorReader(
      dimension,
      valuesName,
      config.vectorEncoding,
      config.vectorDelimiter.charCodeAt(0),
    );
    this.sparse = new SparseVectorReader(fieldLabel(config.sparse));
    this.namespace = new NamespaceReader(config.namespace);
  }

  read(chunk: Chunk): RecordBatch {
    const bytes = terminated(chunk.bytes);
    const { builder, row } = this;
    builder.begin(chunk.source, this.config.keepRaw ? bytes : undefined);
    const allUtf8 = isUtf8(bytes);
    let line = chunk.firstLine;
    for (let start = 0; start < bytes.length;) {
      const end = row.scan(bytes, start);
      const rawEnd = end > start && bytes[end - 1] === CR ? end - 1 : end;
      if (rawEnd > start) this.readRow(chunk, bytes, start, rawEnd, line, allUtf8);
      line += 1 + row.innerLines;
      start = end + 1;
    }
    const batch = builder.finish();
    mergeRejects(batch.rejects, chunk.rejects);
    return batch;
  }

  private readRow(chunk: Chunk, bytes: Uint8Array, start: number, end: number, line: number, allUtf8: boolean): void {
    const { builder } = this;
    const byteOffset = chunk.byteOffset + start;
    builder.beginRow(line, byteOffset);
    if (this.config.keepRaw) builder.setRaw(start, end);
    const broken = this.rowProblem(bytes, start, end, allUtf8);
    const namespace = broken === undefined ? this.namespace.read(this) : undefined;
    const wrong = broken ?? this.fillRow() ?? this.fillNamespace(namespace);
    if (wrong === undefined) {
      builder.commitRow();
      return;
    }
    builder.rollbackRow();
    builder.reject({
      source: chunk.source,
      line,
      byteOffset,
      id: this.readableId(),
      namespace: typeof namespace === 'string' ? namespace || DEFAULT_NAMESPACE : undefined,
      ...wrong,
      raw: this.config.keepRaw ? rawText(bytes, start, end) : undefined,
    });
  }

  private rowProblem(bytes: Uint8Array, start: number, end: number, allUtf8: boolean): Problem | undefined {
    const { row, header } = this;
    if (row.errorAt >= 0) {
      const at = row.errorAt;
      const got = at >= end ? 'the end of the row' : `${shown(bytes, at, at + 1)} at byte ${at - start + 1} of the row`;
      return problem('CSV_SYNTAX', header[row.errorField], row.errorExpected, got);
    }
    if (row.fields !== header.length) {
      return problem('CSV_FIELD_COUNT', undefined, count(header.length, 'field'), count(row.fields, 'field'));
    }
    if (allUtf8 || isUtf8(bytes.subarray(start, end))) return undefined;
    for (let field = 0; field < header.length; field++) {
      row.text(field);
      const text = row.textBytes.subarray(row.textStart, row.textEnd);
      if (!isUtf8(text)) return problem('UTF8_INVALID', header[field], 'UTF-8', shown(text, 0, text.length));
    }
    return problem('UTF8_INVALID', undefined, 'UTF-8', 'other bytes');
  }

  private fillRow(): Problem | undefined {
    const { row, builder } = this;
    row.text(this.idColumn);
    builder.setId(row.textBytes, row.textStart, row.textEnd);
    return this.fillDense() ?? this.fillSparse() ?? this.checkUnexpected() ?? this.fillMetadata();
  }

  private fillNamespace(namespace: string | Problem | undefined): Problem | undefined {
    if (typeof namespace !== 'string') return namespace;
    this.builder.setNamespace(namespace);
    return undefined;
  }

  private fillDense(): Problem | undefined {
    const { row, builder, dense, valuesColumn, valuesColumns } = this;
    if (valuesColumn !== NONE) {
      row.text(valuesColumn);
      return dense.readText(row.textBytes, row.textStart, row.textEnd, builder.denseColumn(), builder.denseStart());
    }
    if (valuesColumns.length === 0) return undefined;
    const out = builder.denseColumn();
    const base = builder.denseStart();
    for (let i = 0; i < valuesColumns.length; i++) {
      row.text(valuesColumns[i]!);
      const name = this.header[valuesColumns[i]!]!;
      const wrong = dense.readNumber(name, row.textBytes, row.textStart, row.textEnd, out, base + i);
      if (wrong === undefined) continue;
      if (valuesColumns.every((column) => row.isEmpty(column))) {
        const fields = `${this.header[valuesColumns[0]!]!}…${this.header[valuesColumns.at(-1)!]!}`;
        return problem('VALUES_MISSING', fields, dense.expected, 'empty fields');
      }
      return wrong;
    }
    return undefined;
  }

  private fillSparse(): Problem | undefined {
    const { row, builder, sparse, sparseColumn } = this;
    if (sparseColumn === NONE) return undefined;
    const empty = this.isAbsent(sparseColumn);
    if (empty) return this.config.kind === 'hybrid' ? undefined : sparse.missing('an empty field');
    row.text(sparseColumn);
    return sparse.readText(row.textBytes, row.textStart, row.textEnd, builder);
  }

  private checkUnexpected(): Problem | undefined {
    const { row, unexpectedColumn } = this;
    if (unexpectedColumn === NONE || this.isAbsent(unexpectedColumn)) return undefined;
    row.text(unexpectedColumn);
    return unexpectedVector(this.config, shown(row.textBytes, row.textStart, row.textEnd));
  }

  private fillMetadata(): Problem | undefined {
    const { row, builder, json, assembler, metadataColumn, metadataColumns } = this;
    if (metadataColumn !== NONE) {
      if (row.isEmpty(metadataColumn)) return undefined;
      row.text(metadataColumn);
      const { textBytes, textStart, textEnd } = row;
      const valid = json.read(textBytes, textStart, textEnd, false);
      if (valid && json.isNull) return undefined;
      if (!valid || !json.isObject) {
        const field = this.header[metadataColumn];
        return problem('METADATA_NOT_OBJECT', field, 'a JSON object', shown(textBytes, textStart, textEnd));
      }
      builder.setMetadata(json.bytes, json.start, json.end);
      return undefined;
    }
    if (metadataColumns.length === 0) return undefined;
    assembler.begin();
    for (const { column, name, key, type } of metadataColumns) {
      if (row.isEmpty(column)) continue;
      row.text(column);
      const expected = assembler.addCell(key, type, row.textBytes, row.textStart, row.textEnd);
      if (expected !== undefined) {
        return problem('METADATA_VALUE', name, expected, shown(row.textBytes, row.textStart, row.textEnd));
      }
    }
    if (assembler.isEmpty) return undefined;
    assembler.close();
    builder.setMetadata(assembler.bytes, 0, assembler.end);
    return undefined;
  }

  /** For NamespaceReader. */
  namespacePart(part: number): string | undefined {
    const { row } = this;
    row.text(this.namespaceColumns[part]!);
    return this.namespaceText.read(row.textBytes, row.textStart, row.textEnd);
  }

  /** An empty field, or the word null, which JSON columns are written with. */
  private isAbsent(column: number): boolean {
    const { row } = this;
    if (row.isEmpty(column)) return true;
    row.text(column);
    return row.textEnd - row.textStart === 4 && rawText(row.textBytes, row.textStart, row.textEnd) === 'null';
  }

  private readableId(): string | undefined {
    const { row, idColumn } = this;
    if (row.fields <= idColumn || (row.errorAt < 0 && row.fields !== this.header.length)) return undefined;
    row.text(idColumn);
    return rawText(row.textBytes, row.textStart, row.textEnd, READABLE_ID_BYTES);
  }
}

/** An id in a reject is cut here: four bytes for each of the 512 characters that an id may have. */
const READABLE_ID_BYTES = 2048;
