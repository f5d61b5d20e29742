/** Longer ones are left to memory.copy, which is a call out of the kernel: that alone takes as long as some hundred bytes here. */
const LONG: usize = 2048;

/** Copies `length` bytes to where none of them lies. No byte beyond them is read or written. */
export function copyBytes(to: usize, from: usize, length: usize): void {
  if (length >= 16) {
    if (length > LONG) {
      memory.copy(to, from, length);
      return;
    }
    const last = length - 16;
    let at: usize = 0;
    for (; at + 64 <= length; at += 64) {
      v128.store(to + at, v128.load(from + at));
      v128.store(to + at, v128.load(from + at, 16), 16);
      v128.store(to + at, v128.load(from + at, 32), 32);
      v128.store(to + at, v128.load(from + at, 48), 48);
    }
    for (; at < last; at += 16) v128.store(to + at, v128.load(from + at));
    // The last 16, some of them once more.
    v128.store(to + last, v128.load(from + last));
  } else if (length >= 8) {
    const first = load<u64>(from);
    const rest = load<u64>(from + length - 8);
    store<u64>(to, first);
    store<u64>(to + length - 8, rest);
  } else if (length >= 4) {
    const first = load<u32>(from);
    const rest = load<u32>(from + length - 4);
    store<u32>(to, first);
    store<u32>(to + length - 4, rest);
  } else {
    for (let at: usize = 0; at < length; at++) store<u8>(to + at, load<u8>(from + at));
  }
}
