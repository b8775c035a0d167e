/** A word of a command that somebody may paste into a shell: as it is where no sign of it means anything there, else in single quotes. */
export function shellWord(text: string): string {
  return /^[\p{L}\p{N}_@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
