import { PineloadError, quote } from '../base/errors.js';
import type { VectorKind } from '../records/batch.js';
import { NO_METADATA_CHANGES, type MetadataChanges } from '../records/rules/metadata-mend.js';
import { FLAT, MAX_SETS, rootOf, type Layout } from './layout.js';
import type { Manifest, ManifestFile, ManifestNamespace } from './manifest.js';
import { isDirectoryName } from './part-names.js';

/** The manifest as JSON text: fixed order of keys, indented, ending in a newline. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Reads a manifest. Its text may come from anywhere, so all of it is checked: types, sums, order, and that every path stays
 * inside the import directory.
 *
 * @param bytes undefined when there is none: MANIFEST_MISSING
 * @param source where it comes from, for messages
 */
export function parseManifest(bytes: Uint8Array | undefined, source: string): Manifest {
  if (bytes === undefined) throw new PineloadError('MANIFEST_MISSING', { source });
  return new ManifestReader(source).read(bytes);
}

type Fields = Record<string, unknown>;

const KINDS: readonly VectorKind[] = ['dense', 'sparse', 'hybrid'];

class ManifestReader {
  constructor(private readonly source: string) {}

  read(bytes: Uint8Array): Manifest {
    let json: unknown;
    try {
      json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch (cause) {
      throw this.fault('manifest', 'JSON', 'text that is none', cause);
    }
    const fields = this.object(json, 'manifest');
    if (fields.format !== 'pineload-manifest') this.refuse('format', 'pineload-manifest', fields.format);
    if (fields.version !== 1 && fields.version !== 2) this.refuse('version', '1 or 2', fields.version);
    const layout = fields.version === 1 ? FLAT : this.layout(fields.layout);
    const kind = fields.kind as VectorKind;
    if (!KINDS.includes(kind)) this.refuse('kind', KINDS.join(', '), kind);
    const dimension = kind === 'sparse' ? undefined : this.count(fields.dimension, 'dimension', 1);
    const files = this.array(fields.files, 'files').map((file, i) => this.file(file, `files[${i}]`, layout));
    const namespaces = this.array(fields.namespaces, 'namespaces').map((entry, i) =>
      this.namespace(entry, `namespaces[${i}]`),
    );
    const rejects = Object.entries(this.object(fields.rejectsByCode, 'rejectsByCode'));
    const manifest: Manifest = {
      format: 'pineload-manifest',
      version: layout.kind === 'flat' ? 1 : 2,
      pineload: this.string(fields.pineload, 'pineload'),
      ...(layout.kind === 'flat' ? {} : { layout }),
      kind,
      ...(dimension === undefined ? {} : { dimension }),
      records: this.count(fields.records, 'records'),
      bytes: this.count(fields.bytes, 'bytes'),
      rejected: this.count(fields.rejected, 'rejected'),
      rejectsByCode: Object.fromEntries(rejects.map(([code, n]) => [code, this.count(n, `rejectsByCode.${code}`)])),
      ...(fields.metadataChanges === undefined ? {} : { metadataChanges: this.changes(fields.metadataChanges) }),
      namespaces,
      files,
    };
    this.checkOrder(
      files.map(({ path }) => path),
      'files',
    );
    this.checkOrder(
      namespaces.map(({ namespace }) => namespace),
      'namespaces',
    );
    this.checkSums(manifest);
    return manifest;
  }

  private layout(value: unknown): Layout {
    const { kind, sets } = this.object(value, 'layout');
    if (kind === 'per-namespace') return { kind };
    if (kind !== 'sets') this.refuse('layout.kind', 'per-namespace or sets', kind);
    const count = this.count(sets, 'layout.sets', 1);
    if (count > MAX_SETS) this.refuse('layout.sets', `at most ${MAX_SETS}`, sets);
    return { kind: 'sets', sets: count };
  }

  private file(value: unknown, field: string, layout: Layout): ManifestFile {
    const { path, namespace, records, bytes, sha256, crc64nvme, crc32c } = this.object(value, field);
    const file: ManifestFile = {
      path: this.string(path, `${field}.path`),
      namespace: this.string(namespace, `${field}.namespace`),
      records: this.count(records, `${field}.records`, 1),
      bytes: this.count(bytes, `${field}.bytes`, 1),
      sha256: this.hex(sha256, 64, `${field}.sha256`),
      // Versions before 0.2 wrote none.
      ...(crc64nvme === undefined ? {} : { crc64nvme: this.hex(crc64nvme, 16, `${field}.crc64nvme`) }),
      ...(crc32c === undefined ? {} : { crc32c: this.hex(crc32c, 8, `${field}.crc32c`) }),
    };
    const parts = file.path.split('/');
    const inside = parts.length >= 2 && parts.every(isDirectoryName) && file.path.endsWith('.parquet');
    if (!inside) this.refuse(`${field}.path`, 'a .parquet file in a directory below the import directory', path);
    if (layout.kind !== 'flat' && !file.path.startsWith(`${rootOf(layout, file.namespace)}${file.namespace}/`)) {
      this.refuse(`${field}.path`, `a path in the root ${rootOf(layout, file.namespace)}`, path);
    }
    if (parts.at(-2) !== file.namespace) this.refuse(`${field}.path`, 'a path in the directory of its namespace', path);
    return file;
  }

  private changes(value: unknown): MetadataChanges {
    const fields = this.object(value, 'metadataChanges');
    const names = Object.keys(NO_METADATA_CHANGES);
    const counts = names.map((name) => [name, this.count(fields[name], `metadataChanges.${name}`)] as const);
    return Object.fromEntries(counts) as unknown as MetadataChanges;
  }

  private namespace(value: unknown, field: string): ManifestNamespace {
    const { namespace, records, files, bytes, rejected } = this.object(value, field);
    return {
      namespace: this.string(namespace, `${field}.namespace`),
      records: this.count(records, `${field}.records`),
      files: this.count(files, `${field}.files`),
      bytes: this.count(bytes, `${field}.bytes`),
      rejected: this.count(rejected, `${field}.rejected`),
    };
  }

  /** Strictly ascending, so that nothing is there twice. */
  private checkOrder(names: readonly string[], field: string): void {
    for (let i = 1; i < names.length; i++) {
      if (!(names[i - 1]! < names[i]!)) this.refuse(`${field}[${i}]`, 'names in ascending order', names[i]);
    }
  }

  private checkSums(manifest: Manifest): void {
    const sums = new Map(manifest.namespaces.map(({ namespace }) => [namespace, { records: 0, files: 0, bytes: 0 }]));
    for (const file of manifest.files) {
      const sum = sums.get(file.namespace);
      if (sum === undefined) return this.refuse('namespaces', 'an entry for every namespace', file.namespace);
      sum.records += file.records;
      sum.files++;
      sum.bytes += file.bytes;
    }
    let records = 0;
    let bytes = 0;
    for (const entry of manifest.namespaces) {
      const sum = sums.get(entry.namespace)!;
      const field = `namespaces ${quote(entry.namespace)}`;
      if (sum.files !== entry.files) this.refuse(field, `${sum.files} files, as listed`, entry.files);
      if (sum.records !== entry.records) this.refuse(field, `${sum.records} records, as in its files`, entry.records);
      if (sum.bytes !== entry.bytes) this.refuse(field, `${sum.bytes} bytes, as in its files`, entry.bytes);
      records += sum.records;
      bytes += sum.bytes;
    }
    if (records !== manifest.records) this.refuse('records', `${records}, as in the files`, manifest.records);
    if (bytes !== manifest.bytes) this.refuse('bytes', `${bytes}, as in the files`, manifest.bytes);
    const rejected = Object.values(manifest.rejectsByCode).reduce((sum, n) => sum + n, 0);
    if (rejected !== manifest.rejected) this.refuse('rejected', `${rejected}, as by code`, manifest.rejected);
  }

  private object(value: unknown, field: string): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.refuse(field, 'an object', value);
    return value as Fields;
  }

  private array(value: unknown, field: string): unknown[] {
    if (!Array.isArray(value)) this.refuse(field, 'a list', value);
    return value as unknown[];
  }

  private string(value: unknown, field: string): string {
    if (typeof value !== 'string') this.refuse(field, 'a text', value);
    return value as string;
  }

  private hex(value: unknown, digits: number, field: string): string {
    const text = this.string(value, field);
    if (text.length !== digits || !/^[0-9a-f]+$/.test(text)) this.refuse(field, `${digits} hexadecimal digits`, value);
    return text;
  }

  private count(value: unknown, field: string, min = 0): number {
    if (!Number.isSafeInteger(value) || (value as number) < min)
      this.refuse(field, `a whole number from ${min}`, value);
    return value as number;
  }

  private refuse(field: string, expected: string, got: unknown): void {
    throw this.fault(field, expected, quote(JSON.stringify(got) ?? 'nothing'));
  }

  private fault(field: string, expected: string, got: string, cause?: unknown): PineloadError {
    const message = 'the manifest is not valid';
    return new PineloadError('STATE_CORRUPT', { source: this.source, field, message, expected, got, cause });
  }
}
