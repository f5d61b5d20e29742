/**
 * A glob over object keys as a regular expression: `*` and `?` stay within one part, `**` as a whole part spans any number
 * of them, `[a-z]`, `[!a]` and `{a,b}` as shells have them. Local files go through tinyglobby; keys have no directories to
 * walk, so a match is all they need.
 */
export function keyGlob(pattern: string): RegExp {
  let out = '';
  let braces = 0;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '*' && pattern[i + 1] === '*') {
      const wholePart = (i === 0 || pattern[i - 1] === '/') && (i + 2 === pattern.length || pattern[i + 2] === '/');
      i++;
      if (wholePart && pattern[i + 1] === '/') {
        // `a/**/b` also matches `a/b`.
        i++;
        out += '(?:[^/]+/)*';
      } else out += wholePart ? '.*' : '[^/]*';
    } else if (c === '*') out += '[^/]*';
    else if (c === '?') out += '[^/]';
    else if (c === '{' && pattern.indexOf('}', i) > i) {
      braces++;
      out += '(?:';
    } else if (c === '}' && braces > 0) {
      braces--;
      out += ')';
    } else if (c === ',' && braces > 0) out += '|';
    else if (c === '[' && pattern.indexOf(']', i + 2) > i) {
      const end = pattern.indexOf(']', i + 2);
      const negated = pattern[i + 1] === '!' || pattern[i + 1] === '^';
      const set = pattern.slice(i + (negated ? 2 : 1), end).replace(/[\\\]^]/g, '\\$&');
      out += `(?!/)[${negated ? '^' : ''}${set}]`;
      i = end;
    } else out += c.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  }
  return new RegExp(`^${out}${')'.repeat(braces)}$`, 's');
}
