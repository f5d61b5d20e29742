import type { RecordBatch } from '../records/batch.js';
import { BatchBuilder } from '../records/batch-builder.js';
import { DEFAULT_NAMESPACE } from '../records/limits.js';
import { rawText } from '../records/raw-text.js';
import { mergeRejects, terminated } from './chunk-bytes.js';
import { DenseVectorReader } from './dense-vector.js';
import { FieldTrie } from './field-trie.js';
import { JsonText } from './json-text.js';
import { RecordWalker, WALK_DUPLICATE, WALK_NOT_OBJECT, WALK_OK } from './json/record-walker.js';
import { STRING_ESCAPED, STRING_LONE_SURROGATE } from './json/scanner.js';
import { MetadataAssembler, metadataKey } from './metadata-assembler.js';
import { NamespaceReader, RepeatedText, type NamespaceSource } from './namespace.js';
import { describeJson, fieldLabel as label, problem, shown, type Problem } from './problem.js';
import type { Chunk, ChunkReader, FieldPath, MetadataColumnType, ReaderConfig } from './reader.js';
import { SparseVectorReader } from './sparse-vector.js';
import { TextBuffer } from './text-buffer.js';
import { holdsVector, unexpectedVector } from './unexpected-vector.js';

const LF = 0x0a;
const NONE = -1;
const encoder = new TextEncoder();

interface MetadataField {
  readonly slot: number;
  readonly label: string;
  readonly key: Uint8Array;
  readonly type: MetadataColumnType;
}

/** Reads lines of JSON into columns. */
export class JsonlReader implements ChunkReader, NamespaceSource {
  private readonly builder: BatchBuilder;
  private readonly walker: RecordWalker;
  private readonly dense: DenseVectorReader;
  private readonly sparse: SparseVectorReader;
  private readonly namespace: NamespaceReader;
  private readonly assembler = new MetadataAssembler();
  private readonly nested = new JsonText();
  private readonly text = new TextBuffer();
  private readonly namespaceText = new RepeatedText();

  private readonly idSlot: number;
  private readonly valuesSlot: number;
  private readonly sparseSlot: number;
  private readonly unexpectedSlot: number;
  private readonly metadataSlot: number;
  private readonly metadataFields: readonly MetadataField[];
  /** Types of the rest's fields by name; undefined when metadata is not the rest. */
  private readonly restTypes: ReadonlyMap<string, MetadataColumnType> | undefined;
  private readonly namespaceSlots: readonly number[];

  private bytes: Uint8Array = new Uint8Array(0);

  constructor(private readonly config: ReaderConfig) {
    const { kind, dimension, metadata } = config;
    const trie = new FieldTrie();
    const slot = (path: FieldPath | undefined): number => (path === undefined ? NONE : trie.add(path));
    const valuesPath = config.values !== undefined && 'field' in config.values ? config.values.field : undefined;
    this.idSlot = slot(config.id);
    this.valuesSlot = slot(valuesPath);
    this.sparseSlot = slot(config.sparse);
    this.unexpectedSlot = slot(config.unexpectedVector);
    this.metadataSlot = slot(metadata.from === 'object' ? metadata.field : undefined);
    this.metadataFields =
      metadata.from === 'fields'
        ? metadata.fields.map(({ path, name, type }) => {
            return { slot: slot(path), label: path.join('.'), key: metadataKey(name), type };
          })
        : [];
    this.restTypes = metadata.from === 'rest' ? new Map(Object.entries(metadata.types)) : undefined;
    this.namespaceSlots = config.namespace.map((part) => (typeof part === 'string' ? NONE : slot(part)));

    const loose = [this.valuesSlot, this.sparseSlot, this.unexpectedSlot].filter((s) => s !== NONE);
    this.builder = new BatchBuilder(kind, dimension);
    this.walker = new RecordWalker(trie, this.valuesSlot, dimension, loose, this.restTypes !== undefined);
    const delimiter = encoder.encode(config.vectorDelimiter)[0]!;
    this.dense = new DenseVectorReader(dimension, label(valuesPath), config.vectorEncoding, delimiter);
    this.sparse = new SparseVectorReader(label(config.sparse));
    this.namespace = new NamespaceReader(config.namespace);
  }

  read(chunk: Chunk): RecordBatch {
    const bytes = terminated(chunk.bytes);
    this.bytes = bytes;
    this.builder.begin(chunk.source, this.config.keepRaw ? bytes : undefined);
    let line = chunk.firstLine;
    for (let start = 0; start < bytes.length; line++) {
      const end = bytes.indexOf(LF, start);
      this.readLine(chunk, start, end, line);
      start = end + 1;
    }
    const batch = this.builder.finish();
    mergeRejects(batch.rejects, chunk.rejects);
    return batch;
  }

  private readLine(chunk: Chunk, start: number, end: number, line: number): void {
    const { builder, walker, bytes } = this;
    walker.scanner.begin(bytes, end);
    if (walker.scanner.skipSpace(start) === end) return;

    const byteOffset = chunk.byteOffset + start;
    builder.beginRow(line, byteOffset);
    const rawEnd = bytes[end - 1] === 0x0d ? end - 1 : end;
    if (this.config.keepRaw) builder.setRaw(start, rawEnd);
    const walk = walker.walk(bytes, start, end, builder.denseColumn(), builder.denseStart());
    const namespace = this.namespace.read(this);
    const wrong = walk === WALK_OK ? this.fillRow(namespace) : this.walkProblem(walk, start, end);
    if (wrong === undefined) {
      builder.commitRow();
      return;
    }
    builder.rollbackRow();
    // Behind a syntax error the record may have had a namespace that was not seen.
    const known = walk === WALK_OK || walk === WALK_DUPLICATE;
    builder.reject({
      source: chunk.source,
      line,
      byteOffset,
      id: this.readableId(),
      namespace: known && typeof namespace === 'string' ? namespace || DEFAULT_NAMESPACE : undefined,
      ...wrong,
      raw: this.config.keepRaw ? rawText(bytes, start, rawEnd) : undefined,
    });
  }

  private walkProblem(walk: number, start: number, end: number): Problem {
    const { scanner } = this.walker;
    if (walk === WALK_DUPLICATE)
      return problem('JSON_DUPLICATE_KEY', this.walker.duplicate, 'the field once', 'it twice');
    if (walk === WALK_NOT_OBJECT) {
      const from = scanner.skipSpace(start);
      return problem(
        'JSON_NOT_OBJECT',
        undefined,
        'a JSON object',
        describeJson(this.bytes, from, scanner.skipValue(from, 0)),
      );
    }
    const at = scanner.errorAt;
    const what = at >= end ? 'the end of the line' : foundAt(this.bytes, at, end);
    return problem(
      scanner.errorCode,
      undefined,
      scanner.errorExpected,
      `${what} at byte ${at - start + 1} of the line`,
    );
  }

  /** Everything but syntax, in the order of Pinecone's columns; the first problem is the record's. */
  private fillRow(namespace: string | Problem): Problem | undefined {
    // Vectors are read again where they are not plain; what was taken for NaN then is taken so now.
    this.walker.scanner.allowNonFinite = true;
    const wrong =
      this.fillId() ?? this.fillDense() ?? this.fillSparse() ?? this.checkUnexpected() ?? this.fillMetadata();
    if (wrong !== undefined) return wrong;
    if (typeof namespace !== 'string') return namespace;
    this.builder.setNamespace(namespace);
    return undefined;
  }

  private fillId(): Problem | undefined {
    const { bytes, idSlot } = this;
    const { starts, ends, flags } = this.walker;
    const start = starts[idSlot]!;
    const field = label(this.config.id);
    if (start < 0 || bytes[start] === 0x6e) {
      return problem('ID_MISSING', field, 'a string', start < 0 ? 'no such field' : 'null');
    }
    const end = ends[idSlot]!;
    if (bytes[start] !== 0x22) {
      const number = bytes[start] === 0x2d || (bytes[start]! - 0x30) >>> 0 <= 9;
      const hint = number ? ', which must be in quotes to be an id' : '';
      return problem('ID_TYPE', field, 'a string', describeJson(bytes, start, end) + hint);
    }
    const flag = flags[idSlot]!;
    if ((flag & STRING_LONE_SURROGATE) !== 0) return problem('ID_CHARSET', field, 'Unicode text', LONE_SURROGATE);
    if ((flag & STRING_ESCAPED) !== 0) {
      this.text.unescape(bytes, start + 1, end - 1);
      this.builder.setId(this.text.bytes, 0, this.text.end);
    } else {
      this.builder.setId(bytes, start + 1, end - 1);
    }
    return undefined;
  }

  private fillDense(): Problem | undefined {
    const { builder, walker, valuesSlot } = this;
    if (valuesSlot === NONE || walker.denseRead) return undefined;
    const start = walker.starts[valuesSlot]!;
    if (start < 0) return this.dense.missing('no such field');
    const end = walker.ends[valuesSlot]!;
    const escaped = (walker.flags[valuesSlot]! & STRING_ESCAPED) !== 0;
    return this.dense.readJson(walker.scanner, start, end, escaped, builder.denseColumn(), builder.denseStart());
  }

  private fillSparse(): Problem | undefined {
    const { walker, sparseSlot, bytes } = this;
    if (sparseSlot === NONE) return undefined;
    const start = walker.starts[sparseSlot]!;
    if (start < 0 || bytes[start] === 0x6e) {
      // In a hybrid index the sparse vector may be null, in a sparse one it is all there is.
      return this.config.kind === 'hybrid' ? undefined : this.sparse.missing(start < 0 ? 'no such field' : 'null');
    }
    return this.sparse.readJson(walker.scanner, start, walker.ends[sparseSlot]!, this.builder);
  }

  private checkUnexpected(): Problem | undefined {
    const { walker, unexpectedSlot, bytes } = this;
    if (unexpectedSlot !== NONE) {
      const start = walker.starts[unexpectedSlot]!;
      if (start >= 0 && holdsVector(bytes, start, walker.ends[unexpectedSlot]!)) {
        return unexpectedVector(this.config, describeJson(bytes, start, walker.ends[unexpectedSlot]!));
      }
    }
    // Inside of a vector's field, but not where a number was looked for.
    if (walker.scanner.nonFiniteSeen > 0) {
      return problem('VALUES_NOT_FINITE', undefined, 'finite float32 numbers', 'NaN or an infinity');
    }
    return undefined;
  }

  private fillMetadata(): Problem | undefined {
    const { metadataSlot, walker } = this;
    if (metadataSlot !== NONE) return this.fillMetadataObject(walker.starts[metadataSlot]!, walker.ends[metadataSlot]!);
    const { assembler, metadataFields } = this;
    if (metadataFields.length === 0 && this.restTypes === undefined) return undefined;
    assembler.begin();
    for (const { slot, label: field, key, type } of metadataFields) {
      const start = walker.starts[slot]!;
      if (start < 0) continue;
      const wrong = this.addMetadata(field, key, type, start, walker.ends[slot]!);
      if (wrong !== undefined) return wrong;
    }
    if (this.restTypes !== undefined) {
      const wrong = this.addRest(this.restTypes);
      if (wrong !== undefined) return wrong;
    }
    if (assembler.isEmpty) return undefined;
    assembler.close();
    this.builder.setMetadata(assembler.bytes, 0, assembler.end);
    return undefined;
  }

  private addRest(types: ReadonlyMap<string, MetadataColumnType>): Problem | undefined {
    const { rest } = this.walker;
    for (let i = 0; i < rest.length; i += 4) {
      const start = rest[i + 2]!;
      if (this.bytes[start] === 0x6e) continue;
      const type = types.size === 0 ? 'auto' : (types.get(this.walker.restName(i)) ?? 'auto');
      // The key is the input's own too, with its escapes as they are.
      const key = this.keyBytes(rest[i]!, rest[i + 1]!);
      const wrong = this.addMetadata(undefined, key, type, start, rest[i + 3]!);
      if (wrong !== undefined) return { ...wrong, field: this.walker.restName(i) };
    }
    return undefined;
  }

  private restKey: Uint8Array<ArrayBuffer> = new Uint8Array(64);

  private keyBytes(start: number, end: number): Uint8Array {
    const length = end - start + 1;
    if (this.restKey.length < length) this.restKey = new Uint8Array(2 * length);
    this.restKey.set(this.bytes.subarray(start, end));
    this.restKey[length - 1] = 0x3a;
    return this.restKey.subarray(0, length);
  }

  private fillMetadataObject(start: number, end: number): Problem | undefined {
    const { bytes, builder, nested } = this;
    if (start < 0) return undefined;
    const first = bytes[start];
    if (first === 0x6e) return undefined;
    if (first === 0x7b) {
      builder.setMetadata(bytes, start, end);
      return undefined;
    }
    if (first === 0x22 && nested.readString(bytes, start + 1, end - 1, false)) {
      if (nested.isNull) return undefined;
      if (nested.isObject) {
        builder.setMetadata(nested.bytes, nested.start, nested.end);
        return undefined;
      }
    }
    return problem('METADATA_NOT_OBJECT', this.metadataLabel(), 'a JSON object', describeJson(bytes, start, end));
  }

  private metadataLabel(): string {
    return this.config.metadata.from === 'object' ? label(this.config.metadata.field) : 'metadata';
  }

  /** Adds one field to the metadata object; JSON values stay as they are unless a type asks for another. */
  private addMetadata(
    field: string | undefined,
    key: Uint8Array,
    type: MetadataColumnType,
    start: number,
    end: number,
  ): Problem | undefined {
    const { bytes, assembler, text } = this;
    const first = bytes[start]!;
    if (first === 0x6e) return undefined;
    const isString = first === 0x22;
    const isNumber = first === 0x2d || (first - 0x30) >>> 0 <= 9;
    const isBoolean = first === 0x74 || first === 0x66;
    const fits =
      type === 'auto' ||
      (type === 'string' && isString) ||
      (type === 'number' && isNumber) ||
      (type === 'boolean' && isBoolean) ||
      (type === 'string-list' && first === 0x5b) ||
      (type === 'json' && !isString);
    if (fits) {
      assembler.addJson(key, bytes, start, end);
      return undefined;
    }
    if (type === 'string' && (isNumber || isBoolean)) {
      assembler.addString(key, bytes, start, end);
      return undefined;
    }
    if (!isString) return problem('METADATA_VALUE', field, `a value of type ${type}`, describeJson(bytes, start, end));
    if (end - start === 2) return undefined;
    const { scanner } = this.walker;
    scanner.skipString(start);
    if ((scanner.stringFlags & STRING_LONE_SURROGATE) !== 0) {
      return problem('METADATA_VALUE', field, 'Unicode text', LONE_SURROGATE);
    }
    text.unescape(bytes, start + 1, end - 1);
    const expected = assembler.addCell(key, type, text.bytes, 0, text.end);
    if (expected === undefined) return undefined;
    return problem('METADATA_VALUE', field, expected, describeJson(bytes, start, end));
  }

  /** For NamespaceReader. */
  namespacePart(part: number): string | undefined | Problem {
    const { bytes, walker } = this;
    const slot = this.namespaceSlots[part]!;
    const start = walker.starts[slot]!;
    if (start < 0 || bytes[start] === 0x6e) return undefined;
    const end = walker.ends[slot]!;
    const first = bytes[start]!;
    if (first === 0x22) {
      const flags = walker.flags[slot]!;
      if ((flags & STRING_ESCAPED) === 0) return this.namespaceText.read(bytes, start + 1, end - 1);
      const field = label(this.config.namespace[part] as FieldPath);
      if ((flags & STRING_LONE_SURROGATE) !== 0)
        return problem('NAMESPACE_NAME', field, 'Unicode text', LONE_SURROGATE);
      this.text.unescape(bytes, start + 1, end - 1);
      return this.namespaceText.read(this.text.bytes, 0, this.text.end);
    }
    if (first === 0x2d || (first - 0x30) >>> 0 <= 9) return this.namespaceText.read(bytes, start, end);
    const field = label(this.config.namespace[part] as FieldPath);
    return problem('NAMESPACE_TYPE', field, 'a string or a number', describeJson(bytes, start, end));
  }

  /** The id for a reject: whatever stands there and can be shown. */
  private readableId(): string | undefined {
    const { bytes, idSlot } = this;
    const { starts, ends } = this.walker;
    const start = starts[idSlot]!;
    if (start < 0 || bytes[start] === 0x6e) return undefined;
    const end = ends[idSlot]!;
    if (bytes[start] !== 0x22) return rawText(bytes, start, end, READABLE_ID_BYTES);
    this.text.unescape(bytes, start + 1, end - 1);
    return rawText(this.text.bytes, 0, this.text.end, READABLE_ID_BYTES);
  }
}

const LONE_SURROGATE = 'half of a surrogate pair, which no UTF-8 text can hold';

/** An id in a reject is cut here: four bytes for each of the 512 characters that an id may have. */
const READABLE_ID_BYTES = 2048;

/** What stands at an error: the word or character there. */
function foundAt(bytes: Uint8Array, at: number, end: number): string {
  let to = at + 1;
  if (/[A-Za-z]/.test(String.fromCharCode(bytes[at]!))) {
    while (to < end && to - at < 12 && /[A-Za-z]/.test(String.fromCharCode(bytes[to]!))) to++;
  }
  // A bare byte of a character beyond ASCII says more as a number.
  if (bytes[at]! >= 0x80) return `byte 0x${bytes[at]!.toString(16)}`;
  return shown(bytes, at, to);
}
