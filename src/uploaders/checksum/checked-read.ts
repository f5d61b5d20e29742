import { PineloadError } from '../../base/errors.js';
import { Crc, type CrcName } from './crc.js';

/** Passes the bytes of a whole object on and fails with CHECKSUM_MISMATCH at its end if they are not those that the store keeps. */
export async function* checkedRead(
  stream: AsyncIterable<Uint8Array>,
  name: CrcName,
  expected: string,
  source: string,
): AsyncIterable<Uint8Array> {
  const crc = new Crc(name);
  for await (const chunk of stream) {
    crc.update(chunk);
    yield chunk;
  }
  if (crc.hex() === expected) return;
  throw new PineloadError('CHECKSUM_MISMATCH', {
    source,
    message: 'what came is not what is stored',
    expected: `${name} ${expected}`,
    got: crc.hex(),
  });
}
