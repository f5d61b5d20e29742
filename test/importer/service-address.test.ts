import { describe, expect, it } from 'vitest';
import { parseServiceAddress } from '../../src/importer/service-address.js';

describe('parseServiceAddress', () => {
  it.each([
    [
      'my-index-abc.svc.aped-1.pinecone.io',
      'https://my-index-abc.svc.aped-1.pinecone.io',
      'my-index-abc.svc.aped-1.pinecone.io',
      false,
    ],
    ['https://my-index.svc.pinecone.io', 'https://my-index.svc.pinecone.io', 'my-index.svc.pinecone.io', false],
    ['https://my-index.svc.pinecone.io/', 'https://my-index.svc.pinecone.io', 'my-index.svc.pinecone.io', false],
    [
      '  HTTPS://My-Index.svc.pinecone.io:8443 ',
      'https://my-index.svc.pinecone.io:8443',
      'my-index.svc.pinecone.io:8443',
      false,
    ],
    ['http://127.0.0.1:5080', 'http://127.0.0.1:5080', 'http://127.0.0.1:5080', true],
    ['http://localhost:5080/', 'http://localhost:5080', 'http://localhost:5080', true],
    ['http://[::1]:5080', 'http://[::1]:5080', 'http://[::1]:5080', true],
    ['http://127.8.9.1', 'http://127.8.9.1', 'http://127.8.9.1', true],
    ['127.0.0.1:5080', 'http://127.0.0.1:5080', 'http://127.0.0.1:5080', true],
    ['localhost:443', 'http://localhost:443', 'http://localhost:443', true],
    ['https://localhost:5443', 'https://localhost:5443', 'localhost:5443', true],
  ])('%s', (text, origin, host, loopback) => {
    expect(parseServiceAddress(text, 'indexHost')).toEqual({ origin, host, loopback });
  });

  it.each([
    'http://my-index.svc.pinecone.io',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://10.0.0.1:5080',
    'ftp://127.0.0.1',
    'https://host/path',
    'host/path',
    '',
    'https://',
    'a b',
  ])('refuses %j', (text) => {
    expect(() => parseServiceAddress(text, 'indexHost')).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', field: 'indexHost' }),
    );
  });

  it.each([
    'https://user:hunter2@host',
    'https://host/?key=hunter2',
    'https://host#hunter2',
    'http://host/?sig=hunter2',
  ])('refuses %s without repeating what may be secret', (text) => {
    try {
      parseServiceAddress(text, 'indexHost');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'OPTION_INVALID' });
      expect(JSON.stringify(error)).not.toContain('hunter2');
    }
  });
});
