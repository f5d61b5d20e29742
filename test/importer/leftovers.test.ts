import { describe, expect, it } from 'vitest';
import type { ImportClaim } from '../../src/importer/claim-record.js';
import { clearLeftovers, type LeftoverOptions } from '../../src/importer/leftovers.js';
import type { ImportModel } from '../../src/importer/types.js';
import { errorOf, manifestOf, scene } from './fixtures.js';

const s = scene();

const CLAIM: ImportClaim = {
  format: 'pineload-import-claim',
  version: 1,
  attempt: 1,
  owner: 'o',
  manifestSha256: '0'.repeat(64),
  index: 'words',
  uri: 's3://bucket/import/',
  time: '2026-11-01T00:00:00Z',
  known: [],
  fresh: true,
  importId: '1',
};
const FAILED = { id: '1', status: 'Failed', error: 'User error: bad record' } as ImportModel;

const clear = (changes: Partial<LeftoverOptions> = {}) =>
  clearLeftovers({
    client: s.client(),
    claim: CLAIM,
    model: FAILED,
    manifest: manifestOf({ a: 10, b: 5, __default__: 3 }),
    remove: true,
    pollMs: 1,
    patienceMs: 200,
    onEvent: (event) => s.events.push(event),
    ...changes,
  });
const deletions = () => s.service.requests.filter(({ method }) => method === 'DELETE').map(({ url }) => url);

describe('clearLeftovers', () => {
  it('does nothing when nothing was left behind', async () => {
    s.service.namespaces = { other: 7 };
    expect(await clear()).toEqual([]);
    expect(deletions()).toEqual([]);
  });

  it('deletes what a failed import left behind, and nothing else', async () => {
    s.service.namespaces = { a: 10, b: 2, other: 7 };
    expect(await clear()).toEqual(['a', 'b']);
    expect(deletions()).toEqual(['/namespaces/a', '/namespaces/b']);
    expect(s.service.namespaces).toEqual({ other: 7 });
    expect(s.events.map((event) => 'message' in event && event.message)).toEqual([
      'deleting namespace "a", left behind by import 1',
      'deleting namespace "b", left behind by import 1',
    ]);
  });

  it.each<[string, Partial<LeftoverOptions>, Record<string, number>, string]>([
    ['without being told to', { remove: false }, { a: 1 }, 'let them be deleted with --delete-leftovers'],
    ['that may have been there before', { claim: { ...CLAIM, fresh: undefined } }, { a: 1 }, 'not known whether'],
    [
      'that were there, as the service says',
      {
        model: {
          ...FAILED,
          error: 'The namespace "a" already exists. Imports are only allowed into nonexistent namespaces.',
        },
      },
      { a: 1 },
      'they were there before',
    ],
    ['that hold more than the import brought', {}, { a: 1, b: 6 }, '"b" holds more records'],
    ['the default namespace with more in it', {}, { '': 4 }, '"__default__" holds more records'],
  ])('never deletes %s', async (_, changes, namespaces, hint) => {
    s.service.namespaces = { ...namespaces };
    const error = await errorOf(clear(changes));
    expect(error).toMatchObject({ code: 'NAMESPACES_LEFT', exitCode: 4 });
    expect(error.hint).toContain(hint);
    expect(deletions()).toEqual([]);
    expect(s.service.namespaces).toEqual(namespaces);
  });
});
