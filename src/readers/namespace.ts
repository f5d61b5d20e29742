import { problem, type Problem } from './problem.js';
import type { FieldPath, NamespaceTemplate } from './reader.js';

/** What a record has for a field of the namespace template. */
export interface NamespaceSource {
  /** The text of the string or number there; undefined when it is missing or null; a Problem when it is something else. */
  namespacePart(part: number): string | undefined | Problem;
}

/** Fills in a namespace template from records. */
export class NamespaceReader {
  private readonly constant: string | undefined;

  constructor(private readonly template: NamespaceTemplate) {
    if (template.every((part) => typeof part === 'string')) this.constant = template.join('');
  }

  /** The name, empty for the default namespace, or why there is none. */
  read(record: NamespaceSource): string | Problem {
    if (this.constant !== undefined) return this.constant;
    const { template } = this;
    let name = '';
    for (let i = 0; i < template.length; i++) {
      const part = template[i]!;
      if (typeof part === 'string') {
        name += part;
        continue;
      }
      const value = record.namespacePart(i);
      if (typeof value === 'object') return value;
      // A record without a namespace belongs to the default one; half a name would belong to nobody.
      if ((value === undefined || value === '') && template.length > 1) {
        return problem(
          'NAMESPACE_MISSING',
          part.join('.'),
          'a text for the namespace',
          value === '' ? 'an empty text' : 'none',
        );
      }
      name += value ?? '';
    }
    return name;
  }
}

/** The fields of a template, undefined where it has a text. */
export const namespaceFields = (template: NamespaceTemplate): readonly (FieldPath | undefined)[] =>
  template.map((part) => (typeof part === 'string' ? undefined : part));

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Decodes a text that is mostly the same as the one before, as namespaces are from row to row. */
export class RepeatedText {
  private bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  private text = '';

  read(bytes: Uint8Array, start: number, end: number): string {
    const known = this.bytes;
    const length = end - start;
    let i = 0;
    if (length === known.length) while (i < length && known[i] === bytes[start + i]) i++;
    if (i < length || length !== known.length) {
      this.bytes = new Uint8Array(bytes.subarray(start, end));
      this.text = decoder.decode(this.bytes);
    }
    return this.text;
  }
}
