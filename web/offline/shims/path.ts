/** The part of `node:path` that readers of files take, for paths with `/`. */

export const sep = '/';

export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

export function basename(path: string, ending = ''): string {
  const name = path.replace(/\/+$/, '').replace(/^.*\//s, '');
  return ending !== '' && name !== ending && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
}

export function dirname(path: string): string {
  const at = path.replace(/\/+$/, '').lastIndexOf('/');
  return at < 0 ? '.' : at === 0 ? '/' : path.slice(0, at);
}

export function join(...parts: readonly string[]): string {
  const kept: string[] = [];
  for (const part of parts.join('/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else kept.push(part);
  }
  const path = kept.join('/');
  return parts[0]?.startsWith('/') === true ? `/${path}` : path || '.';
}

/** The path from one absolute path to another. */
export function relative(from: string, to: string): string {
  const [a, b] = [from, to].map((path) => join(path).split('/').filter(Boolean)) as [string[], string[]];
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) same++;
  return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('/');
}

export const posix = { basename, dirname, join, relative, isAbsolute, sep };
