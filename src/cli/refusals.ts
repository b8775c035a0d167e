import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { asStorageError, systemCode } from '../store/local/filesystem.ts';

/** What is refused of these is no place on a disk: addresses, and programs. */
const ELSEWHERE = /^(spawn|connect|listen|bind|getaddrinfo|accept)/;

/** A refusal of the operating system that no part of the program has put in words: of a path that somebody named for what is written. Any other error as it is. @param what is told in place of the path of the error. */
export function inWords(error: unknown, what?: string): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const { path, syscall } = error as NodeJS.ErrnoException;
  if (ELSEWHERE.test(syscall!)) return error;
  const named = what ?? path ?? 'What was named';
  switch (code) {
    case 'EISDIR':
      return new InvalidArgumentError(`${named} is a folder, and a file is needed.`, 'Name a file.', { cause: error });
    case 'ENOTDIR':
    case 'EEXIST':
      return new InvalidArgumentError(
        `${named} is a file, or lies below one, and a folder is needed.`,
        'Name another place.',
        { cause: error },
      );
    case 'ENOENT':
      return new NotFoundError(`${named} does not exist, or cannot be made.`, 'Check the spelling.', { cause: error });
    default:
      return asStorageError(named, error);
  }
}
