import * as os from 'node:os';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PineloadError } from '../../src/base/errors.js';
import { importUri, parseTarget, siblingState, splitObjectUri } from '../../src/uploaders/uri.js';

const ACCOUNT = 'https://account.blob.core.windows.net';
const SAS = 'sv=2024-11-04&sr=c&sp=rl&sig=c2VjcmV0';

function failure(action: () => unknown): PineloadError {
  try {
    action();
  } catch (error) {
    if (error instanceof PineloadError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('parseTarget', () => {
  it.each([
    ['s3://bucket', 's3', 'bucket', '', 's3://bucket/'],
    ['s3://bucket/', 's3', 'bucket', '', 's3://bucket/'],
    ['s3://my.bucket-1/a/b', 's3', 'my.bucket-1', 'a/b/', 's3://my.bucket-1/a/b/'],
    ['S3://bucket/a/', 's3', 'bucket', 'a/', 's3://bucket/a/'],
    ['s3://bucket/a b/%20+?/ü', 's3', 'bucket', 'a b/%20+?/ü/', 's3://bucket/a b/%20+?/ü/'],
    ['gs://bucket_x/a', 'gs', 'bucket_x', 'a/', 'gs://bucket_x/a/'],
    [`${ACCOUNT}/container`, 'azure', 'container', '', `${ACCOUNT}/container/`],
    [`${ACCOUNT}/container/a/b`, 'azure', 'container', 'a/b/', `${ACCOUNT}/container/a/b/`],
    [`${ACCOUNT}/con-tainer/a%20b/%C3%BC`, 'azure', 'con-tainer', 'a b/ü/', `${ACCOUNT}/con-tainer/a%20b/%C3%BC/`],
    [`${ACCOUNT}/$web/x`, 'azure', '$web', 'x/', `${ACCOUNT}/$web/x/`],
    [
      'http://127.0.0.1:10000/devstoreaccount1/box/a',
      'azure',
      'box',
      'a/',
      'http://127.0.0.1:10000/devstoreaccount1/box/a/',
    ],
    ['http://localhost:10000/dev/box', 'azure', 'box', '', 'http://localhost:10000/dev/box/'],
  ])('%s', (uri, scheme, bucket, prefix, display) => {
    expect(parseTarget(uri)).toMatchObject({ scheme, bucket, prefix, display });
    expect(parseTarget(display)).toMatchObject({ scheme, bucket, prefix, display });
  });

  it.each([
    ['out', `${path.resolve('out')}/`],
    ['./out/', `${path.resolve('out')}/`],
    ['../out', `${path.resolve('..', 'out')}/`],
    ['/', '/'],
    ['/data/a b', '/data/a b/'],
    ['file:///data/a%20b', '/data/a b/'],
    ['~/vectors', `${os.homedir()}/vectors/`],
    ['a:b', `${path.resolve('a:b')}/`],
  ])('the local directory %s', (uri, display) => {
    expect(parseTarget(uri)).toEqual({ scheme: 'file', bucket: '', prefix: display, display });
  });

  it('cuts a shared access signature off', () => {
    const target = parseTarget(`${ACCOUNT}/container/a?${SAS}`);
    expect(target.credentials).toEqual({ sas: SAS });
    expect(JSON.stringify({ ...target, credentials: undefined })).not.toContain('sig');
    expect(parseTarget(`http://127.0.0.1:10000/dev/box/a?${SAS}`).credentials).toEqual({ sas: SAS });
  });

  it.each([
    '',
    's3://',
    's3:///a',
    's3://b',
    's3://bucket//a',
    's3://bucket/a//b',
    's3://bucket/../a',
    's3://bucket/a/.',
    's3://user:key@bucket/a',
    's3://arn:aws:s3:us-west-2:123456789012:accesspoint/name/prefix',
    's3:/bucket/a',
    'gcs://bucket/a',
    'az://container/a',
    'abfss://container@account.dfs.core.windows.net/a',
    'wasbs://container@account.blob.core.windows.net/a',
    'ftp://host/a',
    'http://s3.amazonaws.com/bucket/a',
    'https://bucket.s3.amazonaws.com/a',
    'https://storage.googleapis.com/bucket/a',
    'http://account.blob.core.windows.net/container/a',
    'https://account.blob.core.windows.net:444/container/a',
    'https://account.blob.core.windows.net.evil.example/container/a',
    'https://account.blob.core.windows.net',
    'https://account.blob.core.windows.net/Container/a',
    'https://account.blob.core.windows.net/container/../other',
    'https://account.blob.core.windows.net/container/%2e%2e/other',
    'https://account.blob.core.windows.net/container/a%2F..%2Fb',
    'https://account.blob.core.windows.net/container/100%',
    'https://account.blob.core.windows.net/container/a#b',
    'https://account.blob.core.windows.net/container/a?comp=list',
    'http://127.0.0.1:10000/',
    'http://127.0.0.1.evil.example/dev/box',
    'file://host/a',
    'a\0b',
  ])('refuses %j and says what is expected', (uri) => {
    const error = failure(() => parseTarget(uri));
    expect(error).toMatchObject({ code: 'URI_INVALID', exitCode: 2 });
    expect(error.expected).toContain('s3://bucket/prefix');
  });

  it.each([
    `https://evil.example/container/a?${SAS}`,
    `${ACCOUNT}/container/../a?${SAS}`,
    `https://user:c2VjcmV0@account.blob.core.windows.net/container/a`,
    's3://key:c2VjcmV0@bucket/a',
    's3://bucket/a?X-Amz-Signature=c2VjcmV0',
    'gs://bucket/a?X-Goog-Signature=c2VjcmV0',
    'az://container/a?sig=c2VjcmV0',
  ])('does not repeat the secret of %s', (uri) => {
    expect(JSON.stringify(failure(() => parseTarget(uri)))).not.toContain('c2VjcmV0');
  });
});

describe('siblingState', () => {
  it.each([
    ['s3://bucket/a/b/', 's3://bucket/a/b.pineload/'],
    ['gs://bucket/a', 'gs://bucket/a.pineload/'],
    [`${ACCOUNT}/container/a%20b?${SAS}`, `${ACCOUNT}/container/a%20b.pineload/?${SAS}`],
    ['http://127.0.0.1:10000/dev/box/a', 'http://127.0.0.1:10000/dev/box/a.pineload/'],
    ['/data/out/', '/data/out.pineload/'],
    ['out', `${path.resolve('out')}.pineload/`],
  ])('of %s', (uri, state) => {
    expect(siblingState(uri)).toBe(state);
    expect(parseTarget(state).scheme).toBe(parseTarget(uri).scheme);
  });

  it.each(['s3://bucket', `${ACCOUNT}/container`, '/'])('finds no room beside %s', (uri) => {
    expect(failure(() => siblingState(uri)).message).toMatch(/no room beside/);
  });
});

describe('splitObjectUri', () => {
  it.each([
    ['s3://bucket/a/b.jsonl', 's3://bucket/a/', 'b.jsonl'],
    ['gs://bucket/b.jsonl.gz', 'gs://bucket/', 'b.jsonl.gz'],
    [`${ACCOUNT}/container/a/b%20c.jsonl?${SAS}`, `${ACCOUNT}/container/a/?${SAS}`, 'b c.jsonl'],
    ['/data/x.jsonl', '/data/', 'x.jsonl'],
  ])('%s', (uri, root, key) => {
    expect(splitObjectUri(uri)).toEqual({ root, key });
  });

  it('wants an object', () => {
    expect(failure(() => splitObjectUri('s3://bucket/')).code).toBe('URI_INVALID');
  });
});

describe('importUri', () => {
  it.each([
    [{ scheme: 's3', uri: 's3://bucket/a/' }, 's3://bucket/a/'],
    [{ scheme: 'azure', uri: `${ACCOUNT}/container/a%20b/` }, `${ACCOUNT}/container/a%20b/`],
    [{ scheme: 'file', uri: '/data/a b/' }, 'file:///data/a%20b/'],
  ] as const)('of %j', (store, uri) => {
    expect(importUri(store)).toBe(uri);
  });
});
