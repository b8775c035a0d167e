/** The error code of a failed file system call (`ENOENT`), if it is one. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether the call failed because there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Whether the error comes from the operating system rather than from a parser. */
export function isFsError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && codeOf(error) !== undefined;
}

/** Why the file system refused, in one sentence that ends with the remedy. */
export function fsReason(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'It does not exist. Check the spelling, or remove it from the command.';
    case 'EACCES':
    case 'EPERM':
      return 'Permission denied. Grant read permission, or exclude it.';
    case 'ELOOP':
      return 'Too many links lead to one another. Mend or exclude the links.';
    case 'ENAMETOOLONG':
      return 'The path is too long for the file system. Move it nearer to the root.';
    case 'EMFILE':
    case 'ENFILE':
      return 'Too many files are open. Raise the limit (`ulimit -n`) and index again.';
    case 'EIO':
      return 'The device reports a read error. Check the disk, or exclude the file.';
    default: {
      const message = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error);
      return `It could not be opened (${message}). Check the file, or exclude it.`;
    }
  }
}
