import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** Begins a file of the cache; then its checksum (4 bytes), 4 bytes of zeros, and the content. */
const MAGIC = Buffer.from('SGTCACH1');
const HEADER = MAGIC.length + 8;
const NAME = /-[\da-f]{16}$/;
const DAY = 24 * 3600 * 1000;
/** Files that nobody used for so long are removed when one is added. */
const KEPT = 60 * DAY;

/**
 * Where models are kept that were prepared from a package's or a folder's weights: `SAGITTA_CACHE`, or the user's folder for caches.
 * All of it can be removed at any time.
 */
export function cacheFolder(): string {
  const { SAGITTA_CACHE: own, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (own) return own;
  if (process.platform === 'win32' && local) return join(local, 'sagitta', 'cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'sagitta');
  return join(xdg || join(homedir(), '.cache'), 'sagitta');
}

/**
 * What `make` gives for a key, from disk if it was made before. A file that is damaged is made again; where the folder cannot be written, it
 * is made each time. What was not used for 60 days is removed when something is added.
 * @param key all that the content depends on. @param name begins the file's name, for people who look.
 */
export async function cached(name: string, key: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const found = await fromCache(name, key);
  if (found !== undefined) return found;
  const content = await make();
  await intoCache(name, key, content);
  return content;
}

function pathOf(name: string, key: string): string {
  return join(cacheFolder(), `${name}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`);
}

/** What was kept for a key; undefined where nothing was, or it is damaged. */
export async function fromCache(name: string, key: string): Promise<Uint8Array | undefined> {
  const path = pathOf(name, key);
  const found = await readFile(path).catch(() => undefined);
  if (found === undefined || found.length < HEADER || !found.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const content = found.subarray(HEADER);
  if (crc32(content) !== found.readUInt32LE(MAGIC.length)) return undefined;
  await markUsed(path);
  return content;
}

/** Keeps content for a key, as {@link cached} does. Where the folder cannot be written it is not kept. */
export async function intoCache(name: string, key: string, content: Uint8Array): Promise<void> {
  const path = pathOf(name, key);
  const header = Buffer.alloc(HEADER);
  MAGIC.copy(header);
  header.writeUInt32LE(crc32(content), MAGIC.length);
  const temporary = `${path}.${randomUUID()}`;
  try {
    await mkdir(cacheFolder(), { recursive: true });
    await writeFile(temporary, Buffer.concat([header, content]));
    await rename(temporary, path);
    await prune(cacheFolder());
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Once a day is enough. */
async function markUsed(path: string): Promise<void> {
  try {
    const now = Date.now();
    if (now - (await stat(path)).mtimeMs > DAY) await utimes(path, now / 1000, now / 1000);
  } catch {
    // A folder that cannot be written is as good a cache to read.
  }
}

async function prune(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!NAME.test(name)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > KEPT) await rm(path);
  }
}

/** What tells one state of a file from another without reading it. */
export async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path);
  return `${path}:${size}:${mtimeMs}:${ino}`;
}
