import { isAbsolute, relative, sep } from 'node:path';

/** The path as ids show it: relative to the base where it lies inside, absolute elsewhere; always with `/`. */
export function shownPath(base: string, absolute: string): string {
  const inside = relative(base, absolute);
  if (inside === '') return '.';
  const outside = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return withSlashes(outside ? absolute : inside);
}

export function withSlashes(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}

/** The opposite of {@link shownPath}, still with `/`. */
export function absolutePath(base: string, path: string): string {
  if (path === '.') return withSlashes(base);
  return isAbsolute(path) ? path : `${withSlashes(base).replace(/\/$/, '')}/${path}`;
}

/** Whether the path is the folder or lies in it; both absolute, with `/`. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

const COMPRESSED = /(?<=[^/])\.gz(?:ip)?$/i;

/** Whether the file's name says that it is compressed by gzip. */
export function isCompressed(path: string): boolean {
  return COMPRESSED.test(path);
}

/** The name of what is compressed in a `.gz` file; any other path as it is. */
export function innerPath(path: string): string {
  return path.replace(COMPRESSED, '');
}

/** Lower case, without the dot, that of what is inside for `.gz`; empty for names without one and for dot files. */
export function extensionOf(path: string): string {
  return /[^/]\.([^./]+)$/.exec(innerPath(path))?.[1]?.toLowerCase() ?? '';
}
