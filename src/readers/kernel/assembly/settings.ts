import { FIELD_FIRST_NODE } from './codes';
import { FIELD_BYTES } from './field';

/** The mapping in force, as kernel-config.ts on the JavaScript side lays it out: see there, which has the same order. */
const SETTINGS: usize = memory.data(32 * 4, 8);

export function settingsAddress(): usize {
  return SETTINGS;
}

export const KIND_DENSE: u32 = 0;
export const KIND_SPARSE: u32 = 1;
export const KIND_HYBRID: u32 = 2;

export const METADATA_NONE: u32 = 0;
export const METADATA_OBJECT: u32 = 1;
export const METADATA_FIELDS: u32 = 2;
export const METADATA_REST: u32 = 3;

export let kind: u32 = 0;
export let dimension: u32 = 0;
export let encoding: u32 = 0;
export let vectorDelimiter: u32 = 0;
/** Fields: nodes of the tree (JSONL) or cells (CSV); 0 for those that the mapping does not name. */
export let idField: usize = 0;
export let valuesField: usize = 0;
export let sparseField: usize = 0;
export let unexpectedField: usize = 0;
export let metadataFrom: u32 = 0;
export let metadataField: usize = 0;
/** Metadata fields, 4 u32 each: field, key text, its length, type. For METADATA_REST of JSONL: name text, its length, type, 0. */
export let metadataFields: usize = 0;
export let metadataFieldCount: u32 = 0;
/** Parts of the namespace template, 3 u32 each: field or 0, text, its length. */
export let nameParts: usize = 0;
export let namePartCount: u32 = 0;
export let nameFieldCount: u32 = 0;
export let nameLiteralBytes: u32 = 0;
/** All nodes of the tree, or all cells of a row. */
export let fields: usize = 0;
export let fieldCount: u32 = 0;
/** First address behind the configuration. */
export let configEnd: usize = 0;
/** CSV: the delimiter, 0 for JSONL; and the cells of the numbers of a vector, a u32 each. */
export let delimiter: u32 = 0;
export let valuesCells: usize = 0;
export let valuesCellCount: u32 = 0;

// @ts-ignore: decorator
@inline
function setting(i: usize): u32 {
  return load<u32>(SETTINGS + (i << 2));
}

export function loadSettings(): void {
  kind = setting(0);
  dimension = setting(1);
  encoding = setting(2);
  vectorDelimiter = setting(3);
  idField = setting(4);
  valuesField = setting(5);
  sparseField = setting(6);
  unexpectedField = setting(7);
  metadataFrom = setting(8);
  metadataField = setting(9);
  metadataFields = setting(10);
  metadataFieldCount = setting(11);
  nameParts = setting(12);
  namePartCount = setting(13);
  nameFieldCount = setting(14);
  nameLiteralBytes = setting(15);
  fields = setting(16);
  fieldCount = setting(17);
  configEnd = setting(18);
  delimiter = setting(19);
  valuesCells = setting(20);
  valuesCellCount = setting(21);
}

/** Number by which a field is named in problems. */
export function fieldNumber(field: usize): u32 {
  return FIELD_FIRST_NODE + ((field - fields) as u32) / (FIELD_BYTES as u32);
}
