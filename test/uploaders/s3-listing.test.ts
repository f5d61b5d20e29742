import { describe, expect, it } from 'vitest';
import { takeEntries } from '../../src/uploaders/s3-listing.js';

const answer = (entries: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>b</Name>${entries}<IsTruncated>true</IsTruncated></ListBucketResult>`;
const entry = (inside: string): string => `<Contents>${inside}</Contents>`;
const OWNER = '<Owner><ID>1</ID><DisplayName>d</DisplayName></Owner><StorageClass>STANDARD</StorageClass>';

describe('entries of a listing', () => {
  it.each([
    ['a plain key', 'a/b.jsonl', 'a/b.jsonl'],
    ['entities', 'a&amp;b&lt;&gt;&quot;&apos;.csv', 'a&b<>"\'.csv'],
    ['what looks like one when decoded', '&amp;lt;', '&lt;'],
    ['references by number', 'a&#13;b&#x1F600;&#xd;', 'a\rb\u{1f600}\r'],
    ['letters beyond ASCII', 'é/日本', 'é/日本'],
    ['spaces', ' a  b ', ' a  b '],
    ['an empty "folder"', 'a/', 'a/'],
  ])('%s', (_, text, key) => {
    const inside = `<Key>${text}</Key><LastModified>2026-11-22T00:00:00Z</LastModified><ETag>&quot;e-1&quot;</ETag><Size>12</Size>${OWNER}`;
    const found = takeEntries(answer(entry(inside) + entry(inside)));
    const object = { key, bytes: 12, etag: '"e-1"' };
    expect(found).toEqual({ objects: [object, object], rest: answer('') });
  });

  it('an order of fields of its own, and no ETag', () => {
    const found = takeEntries(answer(entry('<Size>0</Size><Key>k</Key>')));
    expect(found?.objects).toEqual([{ key: 'k', bytes: 0, etag: undefined }]);
  });

  it.each([
    ['no entries', answer('')],
    ['an error', '<Error><Code>NoSuchBucket</Code></Error>'],
    ['a comment', answer(`<!-- c -->${entry('<Key>k</Key><Size>1</Size>')}`)],
    ['CDATA', answer(entry('<Key><![CDATA[k]]></Key><Size>1</Size>'))],
    ['names with a prefix', answer('<s3:Contents><s3:Key>k</s3:Key></s3:Contents>')],
    ['an entry without a key', answer(entry('<Size>1</Size>'))],
    ['an entry without a size', answer(entry('<Key>k</Key>'))],
    ['an entry that does not end', answer('<Contents><Key>k</Key><Size>1</Size>')],
  ])('leaves to the client: %s', (_, xml) => expect(takeEntries(xml)).toBeUndefined());
});
