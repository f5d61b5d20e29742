import { quote } from '../../base/errors.js';
import { KNOWN_GOOD } from '../batch.js';
import { MAX_ID_LENGTH } from '../limits.js';
import { textOf, type Marker } from './marker.js';
import type { RuleOptions } from './options.js';

/** What an id should be, for people. */
export const expectedId = (most = MAX_ID_LENGTH): string => `1 to ${most} ASCII characters`;

/** Ids: present, 1 to 512 characters, ASCII without NUL. */
export function checkIds(marker: Marker, options: RuleOptions = {}): void {
  const most = options.limits?.idLength ?? MAX_ID_LENGTH;
  const expected = expectedId(most);
  const { rows, ids, knownGood, knownOfAll } = marker.batch;
  const doubtful = knownOfAll !== undefined && knownOfAll.longestId <= most ? knownOfAll.doubtful : undefined;
  const { bytes, offsets, validity } = ids;
  for (let i = 0, count = doubtful?.length ?? rows; i < count; i++) {
    const row = doubtful?.[i] ?? i;
    if (marker.isRejected(row)) continue;
    if (validity !== undefined && validity[row] === 0) {
      marker.reject(row, 'ID_MISSING', 'id', expected, 'none');
      continue;
    }
    const start = offsets[row]!;
    const end = offsets[row + 1]!;
    if (knownGood !== undefined && (knownGood[row]! & KNOWN_GOOD.id) !== 0 && end - start <= most) continue;
    if (start === end) {
      marker.reject(row, 'ID_EMPTY', 'id', expected, 'an empty text');
      continue;
    }
    // Two sums over the bytes: continuation bytes (10xxxxxx) are no characters of their own, and what is no ASCII.
    let continuation = 0;
    let strange = -1;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if ((byte & 0xc0) === 0x80) continuation++;
      if (strange < 0 && (byte >= 0x80 || byte === 0)) strange = i;
    }
    const characters = end - start - continuation;
    if (characters > most) {
      marker.reject(row, 'ID_TOO_LONG', 'id', expected, `${characters} characters`);
    } else if (strange >= 0) {
      marker.reject(row, 'ID_CHARSET', 'id', expected, quote(characterAt(textOf(bytes, start, end))));
    }
  }
}

/** The first character that is not allowed. */
function characterAt(id: string): string {
  for (const character of id) if (character === '\0' || character > '\x7f') return character;
  return id;
}
