import { quote } from '../../base/errors.js';
import { DEFAULT_NAMESPACE } from '../../records/limits.js';
import type { VectorKind } from '../../records/batch.js';
import { FieldTrie, type FieldNode } from '../field-trie.js';
import { fieldLabel } from '../problem.js';
import type { FieldPath, MetadataColumnType, ReaderConfig, VectorEncoding } from '../reader.js';
import { alignUp, type KernelExports } from './wasm.js';

// Numbers of choices, in the order of the kernel's sources.
const KINDS: readonly VectorKind[] = ['dense', 'sparse', 'hybrid'];
const ENCODINGS: readonly VectorEncoding[] = ['auto', 'json', 'base64', 'delimited'];
const METADATA_SOURCES = ['none', 'object', 'fields', 'rest'] as const;
export const METADATA_TYPES: readonly MetadataColumnType[] = [
  'string',
  'number',
  'boolean',
  'json',
  'string-list',
  'auto',
];

/** Bytes of a field: see field.ts and record.ts. */
export const FIELD_BYTES = 48;
const ROLE_VALUES = 1;
const ROLE_SPARSE = 2;
const ROLE_LOOSE = 4;
// Places in the settings.
const SETTINGS_WORDS = 22;
const SETTING_FIELDS = 16;
const SETTING_FIELD_COUNT = 17;
const SETTING_CONFIG_END = 18;
const SETTING_DELIMITER = 19;
/** `__default__`, which the kernel puts in for an empty name. */
const DEFAULT_NAME_BYTES = DEFAULT_NAMESPACE.length;

const encoder = new TextEncoder();

/** The mapping in the kernel's memory. */
export interface KernelConfig {
  /** Name of every field, by its number in problems: dotted path (JSONL) or column (CSV). */
  readonly labels: readonly string[];
}

/** Takes memory piece by piece, behind the kernel's own tables. */
class Layout {
  end: number;

  constructor(private readonly kernel: KernelExports) {
    this.end = alignUp(kernel.heapBase());
  }

  take(bytes: number): number {
    const at = this.end;
    this.end = alignUp(at + bytes);
    this.kernel.reserve(this.end);
    return at;
  }

  /** Texts are a few bytes each; that they are aligned like everything does no harm. */
  text(text: string | Uint8Array): { readonly at: number; readonly length: number } {
    const bytes = typeof text === 'string' ? encoder.encode(text) : text;
    const at = this.take(bytes.length);
    new Uint8Array(this.kernel.memory.buffer).set(bytes, at);
    return { at, length: bytes.length };
  }

  words(values: readonly number[]): number {
    const at = this.take(4 * values.length);
    new Uint32Array(this.kernel.memory.buffer, at, values.length).set(values);
    return at;
  }
}

/** Where the fields of a mapping are, and which stand for what. */
interface Fields {
  readonly address: number;
  readonly labels: readonly string[];
  /** Address of a field; 0 for none. */
  at(path: FieldPath | undefined): number;
}

/** Writes the mapping to the kernel's memory, in the order of settings.ts there. */
export function writeConfig(kernel: KernelExports, config: ReaderConfig): KernelConfig {
  const layout = new Layout(kernel);
  const { metadata, values, namespace } = config;
  const isCsv = config.format === 'csv';
  const fields = isCsv ? csvFields(layout, config) : jsonFields(kernel, layout, config);
  const valuesField = values !== undefined && 'field' in values ? values.field : undefined;
  const valuesCells =
    values !== undefined && 'columns' in values ? values.columns.map((column) => fields.at([column])) : [];
  const metadataFields = isCsv ? csvMetadata(layout, config, fields) : jsonMetadata(layout, config, fields);
  const parts = namespace.map((part) => (typeof part === 'string' ? encoder.encode(part) : part));
  const literals = parts.reduce((bytes, part) => bytes + (part instanceof Uint8Array ? part.length : 0), 0);
  const settings = [
    KINDS.indexOf(config.kind),
    config.dimension,
    ENCODINGS.indexOf(config.vectorEncoding),
    config.vectorDelimiter.charCodeAt(0),
    fields.at(config.id),
    fields.at(valuesField),
    fields.at(config.sparse),
    fields.at(config.unexpectedVector),
    METADATA_SOURCES.indexOf(metadata.from),
    fields.at(metadata.from === 'object' ? metadata.field : undefined),
    layout.words(metadataFields.flat()),
    metadataFields.length,
    layout.words(parts.flatMap((part) => namePart(layout, fields, part))),
    parts.length,
    namespace.filter((part) => typeof part !== 'string').length,
    literals + DEFAULT_NAME_BYTES,
    fields.address,
    fields.labels.length,
    0,
    config.csv === undefined ? 0 : config.csv.delimiter.charCodeAt(0),
    layout.words(valuesCells),
    valuesCells.length,
  ];
  settings[SETTING_CONFIG_END] = layout.end;
  new Uint32Array(kernel.memory.buffer, kernel.settingsAddress(), settings.length).set(settings);
  kernel.configure();
  return { labels: fields.labels };
}

function namePart(layout: Layout, fields: Fields, part: Uint8Array | FieldPath): number[] {
  if (!(part instanceof Uint8Array)) return [fields.at(part), 0, 0];
  const { at, length } = layout.text(part);
  return [0, at, length];
}

/** The tree of the fields that a mapping names: record.ts says how a node looks. */
function jsonFields(kernel: KernelExports, layout: Layout, config: ReaderConfig): Fields {
  const trie = new FieldTrie();
  const slots = new Map<string, number>();
  const valuesField = config.values !== undefined && 'field' in config.values ? config.values.field : undefined;
  const add = (path: FieldPath | undefined): number => {
    if (path === undefined) return -1;
    const slot = trie.add(path);
    slots.set(JSON.stringify(path), slot);
    return slot;
  };
  add(config.id);
  const valuesSlot = add(valuesField);
  const sparseSlot = add(config.sparse);
  const loose = [valuesSlot, sparseSlot, add(config.unexpectedVector)];
  if (config.metadata.from === 'object') add(config.metadata.field);
  if (config.metadata.from === 'fields') for (const { path } of config.metadata.fields) add(path);
  for (const part of config.namespace) if (typeof part !== 'string') add(part);

  const { nodes } = trie;
  const address = layout.take(FIELD_BYTES * nodes.length);
  const nodeAt = (node: FieldNode | undefined): number => (node === undefined ? 0 : address + FIELD_BYTES * node.index);
  const names = nodes.map((node) => layout.text(node.name));
  const siblings = new Map<FieldNode, FieldNode>();
  for (const { children } of nodes) children.forEach((child, i) => i > 0 && siblings.set(children[i - 1]!, child));
  const words = new Uint32Array(kernel.memory.buffer, address, (FIELD_BYTES / 4) * nodes.length);
  for (const node of nodes) {
    const { slot } = node;
    let role = slot >= 0 && loose.includes(slot) ? ROLE_LOOSE : 0;
    if (slot >= 0 && slot === valuesSlot) role |= ROLE_VALUES;
    if (slot >= 0 && slot === sparseSlot) role |= ROLE_SPARSE;
    const { at, length } = names[node.index]!;
    const sibling = nodeAt(siblings.get(node));
    const fixed = [at, length, node.element, nodeAt(node.children[0]), sibling, role, 0];
    words.set(fixed, (FIELD_BYTES / 4) * node.index + 4);
  }
  const bySlot = new Map(nodes.filter((node) => node.slot >= 0).map((node) => [node.slot, node]));
  return {
    address,
    labels: nodes.map((node) => node.label),
    at: (path) => (path === undefined ? 0 : nodeAt(bySlot.get(slots.get(JSON.stringify(path))!))),
  };
}

/** One cell for each column. */
function csvFields(layout: Layout, config: ReaderConfig): Fields {
  const { csv } = config;
  if (csv === undefined) throw new Error('a CSV mapping without header');
  const { header } = csv;
  const address = layout.take(FIELD_BYTES * header.length);
  const columns = new Map(header.map((name, column) => [name, column]));
  const at = (path: FieldPath | undefined): number => {
    if (path === undefined) return 0;
    const column = columns.get(fieldLabel(path));
    if (column === undefined) throw new Error(`no column ${quote(fieldLabel(path))} in the header`);
    return address + FIELD_BYTES * column;
  };
  return { address, labels: header, at };
}

/** Entries of 4 u32: field, key text with its colon, its length, type. */
function metadataEntry(layout: Layout, field: number, name: string, type: MetadataColumnType): number[] {
  const key = layout.text(`${JSON.stringify(name)}:`);
  return [field, key.at, key.length, METADATA_TYPES.indexOf(type)];
}

function jsonMetadata(layout: Layout, config: ReaderConfig, fields: Fields): number[][] {
  const { metadata } = config;
  if (metadata.from === 'fields') {
    return metadata.fields.map(({ path, name, type }) => metadataEntry(layout, fields.at(path), name, type));
  }
  if (metadata.from !== 'rest') return [];
  // Only the types: which fields there are shows in each record.
  return Object.entries(metadata.types).map(([name, type]) => {
    const text = layout.text(name);
    return [0, text.at, text.length, METADATA_TYPES.indexOf(type)];
  });
}

function csvMetadata(layout: Layout, config: ReaderConfig, fields: Fields): number[][] {
  const { metadata, values } = config;
  if (metadata.from === 'fields') {
    return metadata.fields.map(({ path, name, type }) => metadataEntry(layout, fields.at(path), name, type));
  }
  if (metadata.from !== 'rest') return [];
  const valuesPaths: FieldPath[] =
    values === undefined ? [] : 'field' in values ? [values.field] : values.columns.map((c) => [c]);
  const used = new Set(
    [config.id, ...valuesPaths, config.sparse, config.unexpectedVector, ...config.namespace]
      .filter((path) => path !== undefined && typeof path !== 'string')
      .map((path) => fieldLabel(path as FieldPath)),
  );
  return fields.labels
    .filter((name) => !used.has(name))
    .map((name) => {
      const type = Object.hasOwn(metadata.types, name) ? metadata.types[name]! : 'auto';
      return metadataEntry(layout, fields.at([name]), name, type);
    });
}

/** Lays out the kernel's memory for rows of up to `capacity` cells that are looked at one by one. Returns the address of the cells. */
export function layOutRows(kernel: KernelExports, delimiter: number, capacity: number): number {
  const layout = new Layout(kernel);
  const cells = layout.take(FIELD_BYTES * capacity);
  const settings = new Uint32Array(kernel.memory.buffer, kernel.settingsAddress(), SETTINGS_WORDS).fill(0);
  settings[SETTING_FIELDS] = cells;
  settings[SETTING_FIELD_COUNT] = capacity;
  settings[SETTING_CONFIG_END] = layout.end;
  settings[SETTING_DELIMITER] = delimiter;
  kernel.configure();
  return cells;
}
