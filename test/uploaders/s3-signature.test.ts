import { describe, expect, it } from 'vitest';
import { S3Signer, leavesBodyUnsigned } from '../../src/uploaders/s3-signature.js';

const CREDENTIALS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const AT = new Date('2013-05-24T00:00:00Z');

describe('signatures', () => {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Example: PUT Object"
  const example = {
    method: 'PUT',
    path: '/test%24file.text',
    headers: {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      host: 'examplebucket.s3.amazonaws.com',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    },
    bodySha256: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
  };
  const signature = (headers: Record<string, string>) =>
    /Signature=([0-9a-f]{64})$/.exec(headers['authorization']!)?.[1];
  const sign = (more: Record<string, string>, credentials: object = {}) =>
    new S3Signer('us-east-1', 's3').sign(
      { ...example, headers: { ...example.headers, ...more } },
      { ...CREDENTIALS, ...credentials },
      AT,
    );

  it("are those of AWS's own example", () => {
    const headers = sign({});
    expect(headers['authorization']).toContain(
      'Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, ',
    );
    expect(signature(headers)).toBe('98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
  });

  it('leave out what proxies change, and take blanks as one', () => {
    expect(signature(sign({ 'user-agent': 'pineload' }))).toBe(signature(sign({})));
    expect(signature(sign({ 'x-amz-meta-a': ' b  c ' }))).toBe(signature(sign({ 'x-amz-meta-a': 'b c' })));
  });

  it('cover the token of a session', () => {
    const headers = sign({}, { sessionToken: 'token' });
    expect(headers['x-amz-security-token']).toBe('token');
    expect(headers['authorization']).toContain('x-amz-date;x-amz-security-token;x-amz-storage-class');
  });

  it('follow other credentials and another day', () => {
    const signer = new S3Signer('us-east-1', 's3');
    const of = (secretAccessKey: string, at: Date) =>
      signature(signer.sign(example, { ...CREDENTIALS, secretAccessKey }, at));
    const first = of(CREDENTIALS.secretAccessKey, AT);
    expect(of('another', AT)).not.toBe(first);
    expect(of(CREDENTIALS.secretAccessKey, new Date('2013-05-25T00:00:00Z'))).not.toBe(first);
    expect(of(CREDENTIALS.secretAccessKey, AT)).toBe(first);
  });
});

describe('the hash of a body is left out', () => {
  const crc = { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' };
  it.each([
    ['https:', 's3.eu-west-1.amazonaws.com', crc, true],
    ['https:', 's3.eu-west-1.amazonaws.com', { 'content-md5': 'x' }, true],
    ['https:', 's3.eu-west-1.amazonaws.com', {}, false],
    ['http:', '127.0.0.1', crc, true],
    ['http:', 'localhost', crc, true],
    ['http:', '[::1]', crc, true],
    ['http:', '127.0.0.1', {}, false],
    ['http:', 'minio.example', crc, false],
    ['http:', '127.0.0.1.example', crc, false],
  ])('%s//%s with %j: %j', (protocol, hostname, headers, left) => {
    expect(leavesBodyUnsigned({ protocol, hostname, headers: headers as Record<string, string> })).toBe(left);
  });
});
