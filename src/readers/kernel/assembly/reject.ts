import * as code from './codes';
import { addProblem, copyText, input, keepText, MAX_TEXT, textsEnd } from './columns';
import { ESCAPED, fieldEnd, fieldFlags, fieldStart, fieldType, NULL, STRING } from './field';
import { unescape } from './json';
import * as problem from './problem';
import { errorAt, errorCode, errorExpected } from './text';

const NONE: u32 = 0xffffffff;
/** An id in a reject is cut here: four bytes for each of the 512 characters that an id may have, and what tells a cut character. */
const READABLE_ID_BYTES: usize = 2048 + 4;

/** What JavaScript makes a reject of: 20 u32 in the order of kernel-rejects.ts there. `nameLength`: of the name at the end of the texts, -1 for none. */
export function reject(line: u32, start: usize, end: usize, idField: usize, nameLength: i32): void {
  const entry = addProblem();
  store<u32>(entry, problem.wrongCode);
  store<u32>(entry, problem.wrongField, 4);
  store<u32>(entry, problem.wrongExpected, 8);
  store<u32>(entry, problem.wrongGot, 12);
  store<u32>(entry, problem.wrongA, 28);
  store<u32>(entry, problem.wrongB, 32);
  store<u32>(entry, problem.wrongPosition, 36);
  store<u32>(entry, NONE, 44);
  store<u32>(entry, NONE, 52);
  store<u32>(entry, (start - input) as u32, 64);
  store<u32>(entry, (end - input) as u32, 68);
  store<u32>(entry, line, 72);
  if (nameLength >= 0) {
    store<u32>(entry, textsEnd as u32, 48);
    store<u32>(entry, nameLength as u32, 52);
    keepText(nameLength as usize);
  }
  const from = problem.wrongFrom;
  const to = problem.wrongTo;
  store<u32>(entry, copyText(from, to) as u32, 16);
  store<u32>(entry, min(to - from, MAX_TEXT) as u32, 20);
  store<u32>(entry, (to - from) as u32, 24);
  if (problem.wrongField == code.FIELD_TEXT) {
    const length = problem.wrongFieldTo - problem.wrongFieldFrom;
    store<u32>(entry, textsEnd as u32, 56);
    store<u32>(entry, length as u32, 60);
    memory.copy(textsEnd, problem.wrongFieldFrom, length);
    keepText(length);
  }
  const type = idField == 0 ? 0 : fieldType(idField);
  if (type != 0 && type != NULL) {
    const idStart = fieldStart(idField);
    const idEnd = fieldEnd(idField);
    const at = textsEnd;
    let length = idEnd - idStart;
    if (type == STRING) {
      if (fieldFlags(idField) & ESCAPED) {
        length = unescape(idStart + 1, idEnd - 1, at) - at;
      } else {
        length -= 2;
        memory.copy(at, idStart + 1, length);
      }
    } else {
      memory.copy(at, idStart, length);
    }
    length = min(length, READABLE_ID_BYTES);
    store<u32>(entry, at as u32, 40);
    store<u32>(entry, length as u32, 44);
    keepText(length);
  }
}

/** Makes the syntax error in text.ts the problem. */
export function syntaxError(start: usize): void {
  problem.clearWrong();
  const atEnd: u32 = load<u8>(errorAt) == 0x0a ? 1 : 0;
  problem.wrongNumbers(
    errorCode, code.FIELD_NONE, errorExpected, code.GOT_POSITION_IN_LINE, (errorAt - start) as u32, atEnd,
  );
}
