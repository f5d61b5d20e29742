import type { ListObjectsV2Command } from '@aws-sdk/client-s3';

/** What is of use in an entry of a listing. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string | undefined;
}

/**
 * Takes the entries out of an answer to ListObjectsV2: the client makes an object of ten fields and a date of each, which for 100,000 objects is
 * most of the time that a plan takes. Only the plain form that stores write is read here; undefined for any other (prefixed names, comments,
 * CDATA), which is left to the client.
 *
 * @param xml the answer: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 * @returns its entries, and the answer without them
 */
export function takeEntries(xml: string): { readonly objects: ListedObject[]; readonly rest: string } | undefined {
  if (xml.includes('<!') || !xml.includes('<Contents>')) return undefined;
  const objects: ListedObject[] = [];
  const rest: string[] = [];
  let at = 0;
  for (;;) {
    const start = xml.indexOf('<Contents>', at);
    if (start < 0) break;
    const end = xml.indexOf('</Contents>', start);
    const entry = xml.slice(start + '<Contents>'.length, end);
    const key = textOf(entry, 'Key');
    const size = textOf(entry, 'Size');
    if (end < 0 || key === undefined || size === undefined || !/^\d+$/.test(size)) return undefined;
    rest.push(xml.slice(at, start));
    objects.push({ key, bytes: Number(size), etag: textOf(entry, 'ETag') });
    at = end + '</Contents>'.length;
  }
  rest.push(xml.slice(at));
  return { objects, rest: rest.join('') };
}

function textOf(entry: string, tag: string): string | undefined {
  const start = entry.indexOf(`<${tag}>`);
  if (start < 0) return undefined;
  const end = entry.indexOf(`</${tag}>`, start);
  if (end < 0) return undefined;
  const text = entry.slice(start + tag.length + 2, end);
  // A carriage return that is meant is written as a reference (https://www.w3.org/TR/xml/#sec-line-ends).
  return ownText(text.includes('&') ? text.replace(/&(#x[0-9a-f]+|#\d+|amp|lt|gt|quot|apos);/gi, decoded) : text);
}

/** A copy: a part of a string keeps all of it in memory, here half a megabyte of XML for every page of a listing. */
function ownText(text: string): string {
  return Buffer.from(text).toString();
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decoded(whole: string, name: string): string {
  if (name.startsWith('#')) {
    return String.fromCodePoint(/^#x/i.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
  }
  return ENTITIES[name] ?? whole;
}

type Middleware = Parameters<ListObjectsV2Command['middlewareStack']['add']>[0];

/** Lets the client read a listing without its entries. @returns where they are, once the command was sent */
export function withoutEntries(command: ListObjectsV2Command): { objects: readonly ListedObject[] | undefined } {
  const taken: { objects: readonly ListedObject[] | undefined } = { objects: undefined };
  const middleware: Middleware = (next) => async (args) => {
    const answer = await next(args);
    // The answer of HTTP, whose type is the client's own.
    const response = (answer as unknown as { response: { statusCode?: number; body?: AsyncIterable<Uint8Array> } })
      .response;
    if (response.statusCode !== 200 || response.body === undefined) return answer;
    const parts: Uint8Array[] = [];
    for await (const part of response.body) parts.push(part);
    const bytes = Buffer.concat(parts);
    const found = takeEntries(bytes.toString('utf8'));
    taken.objects = found?.objects;
    (response as { body: unknown }).body = found === undefined ? bytes : Buffer.from(found.rest);
    return answer;
  };
  // The last before the wire: what the client's own deserializer gets.
  command.middlewareStack.add(middleware, { step: 'deserialize', priority: 'low', name: 'withoutEntries' });
  return taken;
}
