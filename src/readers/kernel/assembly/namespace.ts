import * as code from './codes';
import { textsEnd } from './columns';
import { copyBytes } from '../../../base/assembly/copy';
import { ESCAPED, fieldEnd, fieldFlags, fieldStart, fieldType, LONE_SURROGATE, NULL, NUMBER, STRING, TEXT } from './field';
import { unescape } from './json';
import { wrong, wrongNumbers } from './problem';
import { fieldNumber, nameFieldCount, namePartCount, nameParts } from './settings';

const DEFAULT_NAMESPACE: usize = memory.data<u8>([0x5f, 0x5f, 0x64, 0x65, 0x66, 0x61, 0x75, 0x6c, 0x74, 0x5f, 0x5f]);
export const DEFAULT_NAMESPACE_BYTES: usize = 11;

/**
 * Fills in the namespace template from the record and puts the name at the end of the texts. Returns its length, or -1 after noting why
 * there is none.
 */
export function readName(): i32 {
  let out = textsEnd;
  for (let i: u32 = 0; i < namePartCount; i++) {
    const part = nameParts + ((i * 12) as usize);
    const field: usize = load<u32>(part);
    if (field == 0) {
      const length: usize = load<u32>(part, 8);
      copyBytes(out, load<u32>(part, 4), length);
      out += length;
      continue;
    }
    const start = fieldStart(field);
    const end = fieldEnd(field);
    const type = fieldType(field);
    const before = out;
    if (type == STRING) {
      const flags = fieldFlags(field);
      if (flags & LONE_SURROGATE) {
        wrongNumbers(code.NAMESPACE_NAME, fieldNumber(field), code.EXPECT_UNICODE, code.GOT_LONE_SURROGATE, 0, 0);
        return -1;
      }
      if (flags & ESCAPED) {
        out = unescape(start + 1, end - 1, out);
      } else {
        copyBytes(out, start + 1, end - start - 2);
        out += end - start - 2;
      }
    } else if (type == NUMBER || type == TEXT) {
      copyBytes(out, start, end - start);
      out += end - start;
    } else if (type != 0 && type != NULL) {
      wrong(code.NAMESPACE_TYPE, fieldNumber(field), code.EXPECT_STRING_OR_NUMBER, code.GOT_JSON, start, end);
      return -1;
    }
    // A record without a namespace belongs to the default one; half a name would belong to nobody.
    if (out == before && namePartCount > 1) {
      const got = type == 0 || type == NULL ? code.GOT_NONE : code.GOT_EMPTY_TEXT;
      wrongNumbers(code.NAMESPACE_MISSING, fieldNumber(field), code.EXPECT_NAME_TEXT, got, 0, 0);
      return -1;
    }
  }
  if (out == textsEnd) {
    copyBytes(out, DEFAULT_NAMESPACE, DEFAULT_NAMESPACE_BYTES);
    out += DEFAULT_NAMESPACE_BYTES;
  }
  return (out - textsEnd) as i32;
}
