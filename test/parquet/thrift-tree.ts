import { Buffer } from 'node:buffer';

/** Types of Thrift's compact protocol (apache/thrift, doc/specs/thrift-compact-protocol.md). */
const T = { TRUE: 1, FALSE: 2, BYTE: 3, DOUBLE: 7, BINARY: 8, LIST: 9, STRUCT: 12 } as const;

/** A value in a footer, whatever it stands for: what was read can be changed and written again. */
export type ThriftNode =
  | { type: 'flag'; value: boolean }
  | { type: 'int'; code: number; value: bigint }
  | { type: 'bytes'; value: Uint8Array }
  | { type: 'list'; element: number; items: ThriftNode[] }
  | { type: 'struct'; fields: { id: number; node: ThriftNode }[] };

/** Reads a structure. Good for what our fixtures hold: no maps, sets or doubles. */
export function readThrift(bytes: Uint8Array): ThriftNode {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const zigzag = (): bigint => {
    const n = varint();
    return n & 1n ? -(n + 1n) / 2n : n / 2n;
  };
  const read = (code: number): ThriftNode => {
    if (code === T.TRUE || code === T.FALSE) return { type: 'flag', value: code === T.TRUE };
    if (code > T.BYTE && code < T.DOUBLE) return { type: 'int', code, value: zigzag() };
    if (code === T.BYTE) return { type: 'int', code, value: BigInt(bytes[at++]!) };
    if (code === T.BINARY) {
      const length = Number(varint());
      at += length;
      return { type: 'bytes', value: bytes.slice(at - length, at) };
    }
    if (code === T.LIST) {
      const head = bytes[at++]!;
      const size = head >> 4 === 15 ? Number(varint()) : head >> 4;
      const element = head & 15;
      const items = Array.from({ length: size }, () => (element <= T.FALSE ? read(bytes[at++]!) : read(element)));
      return { type: 'list', element, items };
    }
    if (code !== T.STRUCT) throw new Error(`type ${code} at ${at}`);
    const fields: { id: number; node: ThriftNode }[] = [];
    for (let id = 0; ;) {
      const head = bytes[at++]!;
      if (head === 0) return { type: 'struct', fields };
      id = head >> 4 === 0 ? Number(zigzag()) : id + (head >> 4);
      fields.push({ id, node: read(head & 15) });
    }
  };
  return read(T.STRUCT);
}

export function writeThrift(node: ThriftNode): Uint8Array {
  const out: number[] = [];
  const varint = (n: bigint): void => {
    for (; n >= 128n; n >>= 7n) out.push(Number(n & 127n) | 128);
    out.push(Number(n));
  };
  const zigzag = (n: bigint): void => varint(n >= 0n ? 2n * n : -2n * n - 1n);
  const write = (each: ThriftNode): void => {
    if (each.type === 'int') {
      if (each.code === T.BYTE) out.push(Number(BigInt.asUintN(8, each.value)));
      else zigzag(each.value);
    } else if (each.type === 'bytes') {
      varint(BigInt(each.value.length));
      for (const byte of each.value) out.push(byte);
    } else if (each.type === 'list') {
      const { element, items } = each;
      if (items.length < 15) out.push((items.length << 4) | element);
      else {
        out.push(0xf0 | element);
        varint(BigInt(items.length));
      }
      for (const item of items) {
        if (item.type === 'flag') out.push(item.value ? 1 : 2);
        else write(item);
      }
    } else if (each.type === 'struct') {
      let before = 0;
      for (const { id, node: field } of each.fields) {
        const code = codeOf(field);
        if (id > before && id - before < 16) out.push(((id - before) << 4) | code);
        else {
          out.push(code);
          zigzag(BigInt(id));
        }
        write(field);
        before = id;
      }
      out.push(0);
    }
  };
  write(node);
  return Buffer.from(out);
}

function codeOf(node: ThriftNode): number {
  switch (node.type) {
    case 'flag':
      return node.value ? T.TRUE : T.FALSE;
    case 'int':
      return node.code;
    case 'bytes':
      return T.BINARY;
    case 'list':
      return T.LIST;
    case 'struct':
      return T.STRUCT;
  }
}

/** Every change of one value below a node, done and undone: `visit` is called while it holds. */
export async function changeEach(
  root: ThriftNode,
  visit: (what: string) => Promise<void>,
  path = 'footer',
): Promise<void> {
  const change = async (what: string, apply: () => () => void): Promise<void> => {
    const undo = apply();
    await visit(`${path}: ${what}`);
    undo();
  };
  const set = <O extends object, K extends keyof O>(object: O, key: K, value: O[K]) => {
    const before = object[key];
    return (): (() => void) => {
      object[key] = value;
      return () => (object[key] = before);
    };
  };
  if (root.type === 'flag') await change('the other', set(root, 'value', !root.value));
  if (root.type === 'int') {
    for (const value of [...INTEGERS, root.value - 1n, root.value + 1n]) {
      await change(String(value), set(root, 'value', value));
    }
  }
  if (root.type === 'bytes') {
    for (const text of TEXTS) await change(text.slice(0, 20), set(root, 'value', Buffer.from(text)));
  }
  if (root.type === 'list') {
    const { items } = root;
    await change('no item', set(root, 'items', []));
    await change('one less', set(root, 'items', items.slice(1)));
    await change('one twice', set(root, 'items', [...items, ...items.slice(-1)]));
    await change(
      'many',
      set(
        root,
        'items',
        new Array(2000).fill(items[0]).filter((item) => item !== undefined),
      ),
    );
    await change('backwards', set(root, 'items', [...items].reverse()));
    for (const [i, item] of items.entries()) await changeEach(item, visit, `${path}[${i}]`);
  }
  if (root.type === 'struct') {
    const { fields } = root;
    for (const field of fields) {
      const { id, node } = field;
      await change(
        `without ${id}`,
        set(
          root,
          'fields',
          fields.filter((each) => each !== field),
        ),
      );
      await change(`${id} twice`, set(root, 'fields', [...fields, field]));
      for (const other of KINDS) await change(`${id} as ${other.type}`, set(field, 'node', other));
      await changeEach(node, visit, `${path}.${id}`);
    }
  }
}

const INTEGERS = [-1n, 0n, 1n, 7n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];
const TEXTS = ['', '../../etc/passwd', '__proto__', '\u001b[2J', 'x'.repeat(10_000)];
const KINDS: readonly ThriftNode[] = [
  { type: 'flag', value: true },
  { type: 'int', code: 6, value: 5n },
  { type: 'bytes', value: Buffer.from('x') },
  { type: 'list', element: 5, items: [] },
  { type: 'struct', fields: [] },
];
