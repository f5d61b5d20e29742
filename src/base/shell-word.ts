/**
 * A text as one word of a POSIX shell, for the commands that are suggested. Control characters, terminal escapes among them,
 * are left out.
 */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll(/[\u0000-\u001f\u007f]/g, '').replaceAll("'", "'\\''")}'`;
}
