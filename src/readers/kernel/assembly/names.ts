import { textsEnd, names, nameCount, nameTable, nameTableMask, keepName } from './columns';

/** Code that was given last: neighbours mostly share their namespace. */
let last: u32 = 0;

/**
 * Code of the name that stands at `textsEnd` and is `length` bytes long; it is kept there if it is a new one.
 */
export function internName(length: u32): u32 {
  const text = textsEnd;
  if (last < nameCount && isName(last, text, length)) return last;
  // FNV-1a.
  let hash: u32 = 0x811c9dc5;
  for (let i: u32 = 0; i < length; i++) hash = (hash ^ load<u8>(text + i)) * 0x01000193;
  let slot = hash & nameTableMask;
  while (true) {
    const entry = load<u32>(nameTable + (slot << 2));
    if (entry == 0) {
      last = nameCount;
      store<u32>(nameTable + (slot << 2), nameCount + 1);
      keepName(length);
      return last;
    }
    if (isName(entry - 1, text, length)) {
      last = entry - 1;
      return last;
    }
    slot = (slot + 1) & nameTableMask;
  }
}

function isName(code: u32, text: usize, length: u32): bool {
  const name = names + (code << 3);
  return load<u32>(name, 4) == length && memory.compare(load<u32>(name), text, length) == 0;
}
