import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { CorruptFileError, IncompatibleError, InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { asStorageError, systemCode } from '../store/local/filesystem.ts';
import { acquireLock } from '../store/local/lock.ts';
import { replaceFile } from '../store/local/node-files.ts';

/** What a key allows. `write` includes `read`. */
export type Scope = 'read' | 'write';

const FORMAT = 'sagitta-keys';
const FORMAT_VERSION = 2;

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  formatVersion: z.literal(FORMAT_VERSION),
  keys: z.array(
    z.strictObject({
      id: z.string().regex(/^[0-9a-f]{12}$/),
      name: z.string(),
      scope: z.enum(['read', 'write']),
      /** SHA-256 of the secret, hexadecimal. A secret is 32 random bytes, so a slow hash would add nothing. */
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      created: z.string(),
    }),
  ),
  /** CRC-32 of the keys as JSON. */
  checksum: z.string(),
});
type KeyEntry = z.infer<typeof fileSchema>['keys'][number];

/** A key as it is listed; its secret is nowhere. */
export type KeyInfo = Omit<KeyEntry, 'hash'>;

const PREFIX = 'sgt';
const ID = /^[0-9a-f]{12}$/;
/** What breaks lines, drives a terminal, or turns the direction of text. */
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
/** Milliseconds for which a running server relies on what it read: a removed key works no longer than this. */
const FRESH = 500;
/** Milliseconds that a change waits for another one. */
const PATIENCE = 30_000;

/**
 * API keys in a file, which holds hashes only. A key is `sgt_<id>_<secret>` and is shown once, when it is made.
 * The file is read again as time goes by, so a removed key stops working without a restart; one that was damaged or removed
 * opens nothing. Changes by several processes follow one another.
 */
export class KeyFile {
  #entries: readonly KeyEntry[] = [];
  #text: string | undefined;
  #checked = Number.NEGATIVE_INFINITY;

  /** @throws CorruptFileError, IncompatibleError when the file is not one of keys; InvalidArgumentError for a folder; StorageError when it cannot be read. */
  constructor(readonly path: string) {
    this.#reload();
  }

  get size(): number {
    this.#refresh();
    return this.#entries.length;
  }

  list(): KeyInfo[] {
    return this.#entries.map(infoOf);
  }

  /**
   * Makes a key.
   * @returns the key itself, which cannot be had again, once it is on stable storage.
   * @throws InvalidArgumentError for a name that is none or could be taken for an id; CollectionLockedError when another process
   * does not come to an end with its change; StorageError.
   */
  async add(name: string, scope: Scope): Promise<{ readonly key: string; readonly info: KeyInfo }> {
    if (name.trim() === '' || name.length > 100) {
      throw new InvalidArgumentError(`The name of the key is "${name}".`, 'Name who uses it, in 1 to 100 characters.');
    }
    if (CONTROL.test(name)) {
      throw new InvalidArgumentError(
        `The name of the key is ${JSON.stringify(name)}, with line breaks or other control characters.`,
        'Name who uses it on one line, without them.',
      );
    }
    if (ID.test(name)) {
      throw new InvalidArgumentError(`The name "${name}" looks like the id of a key.`, 'Name who uses it in words.');
    }
    const secret = randomBytes(32).toString('base64url');
    const hash = hashOf(secret).toString('hex');
    const entry = await this.#change((entries) => {
      let id: string;
      do id = randomBytes(6).toString('hex');
      while (entries.some((other) => other.id === id));
      const entry = { id, name, scope, hash, created: new Date().toISOString() };
      return { keys: [...entries, entry], entry };
    });
    return { key: `${PREFIX}_${entry.id}_${secret}`, info: infoOf(entry) };
  }

  /**
   * Removes the key of this id, or of this name where only one has it.
   * @throws NotFoundError when no key has this id or name; InvalidArgumentError when several have the name; otherwise as {@link add}.
   */
  async remove(idOrName: string): Promise<KeyInfo> {
    const entry = await this.#change((entries) => {
      const byId = entries.filter(({ id }) => id === idOrName);
      const found = byId.length > 0 ? byId : entries.filter(({ name }) => name === idOrName);
      const [entry] = found;
      if (entry === undefined) {
        throw new NotFoundError(
          `There is no key "${idOrName}" in ${this.path}.`,
          '`sagitta keys list` shows those that exist.',
        );
      }
      if (found.length > 1) {
        const which = found.map(({ id, scope, created }) => `${id} (${scope}, made ${created})`).join(', ');
        throw new InvalidArgumentError(
          `${found.length} keys are called "${idOrName}": ${which}.`,
          'Name the one that is meant by its id.',
        );
      }
      return { keys: entries.filter((other) => other !== entry), entry };
    });
    return infoOf(entry);
  }

  /** The entry that a key belongs to; undefined for a key that is wrong in any way. Takes equally long either way. */
  check(key: string): KeyInfo | undefined {
    this.#refresh();
    const match = /^sgt_([0-9a-f]{12})_([A-Za-z0-9_-]{1,100})$/.exec(key);
    const entry = this.#entries.find(({ id }) => id === match?.[1]);
    const given = hashOf(match?.[2] ?? '');
    const expected = entry === undefined ? Buffer.alloc(32) : Buffer.from(entry.hash, 'hex');
    if (!timingSafeEqual(given, expected) || entry === undefined) return undefined;
    return infoOf(entry);
  }

  #refresh(): void {
    if (performance.now() - this.#checked < FRESH) return;
    try {
      this.#reload();
    } catch (error) {
      // A system that is short of files for a moment locks nobody out; what is in the file counts.
      if (error instanceof CorruptFileError || error instanceof IncompatibleError) this.#entries = [];
    }
  }

  /** Always the bytes: a size and a time of change may be the same after a key was removed and another made. */
  #reload(): void {
    this.#checked = performance.now();
    const text = readIfThere(this.path);
    if (text === this.#text) return;
    // What is damaged is looked at again next time.
    this.#text = undefined;
    this.#entries = text === undefined ? [] : parse(text, this.path);
    this.#text = text;
  }

  /** Reads, changes and writes the file while nobody else does. */
  async #change(
    work: (entries: readonly KeyEntry[]) => { readonly keys: readonly KeyEntry[]; readonly entry: KeyEntry },
  ): Promise<KeyEntry> {
    const folder = dirname(resolve(this.path));
    if (!existsSync(folder)) {
      throw new NotFoundError(
        `There is no folder ${folder} for the keys.`,
        'Make it first, or name another file with --keys.',
      );
    }
    const lock = await acquireLock(`${this.path}.lock`, { subject: this.path, patience: PATIENCE });
    try {
      this.#reload();
      const { keys, entry } = work(this.#entries);
      lock.check();
      await replaceFile(this.path, [format(keys)], 0o600);
      this.#reload();
      return entry;
    } finally {
      lock.release();
    }
  }
}

function infoOf({ hash: _, ...info }: KeyEntry): KeyInfo {
  return info;
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'EISDIR') {
      const remedy = 'Name a file in it, or one to be made.';
      throw new InvalidArgumentError(`${path} is a folder, and a file of API keys is needed.`, remedy, {
        cause: error,
      });
    }
    throw asStorageError(path, error, 'read');
  }
}

function format(keys: readonly KeyEntry[]): string {
  const value = { format: FORMAT, formatVersion: FORMAT_VERSION, keys, checksum: checksumOf(keys) };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function checksumOf(keys: readonly KeyEntry[]): string {
  return crc32(JSON.stringify(keys)).toString(16).padStart(8, '0');
}

function parse(text: string, path: string): readonly KeyEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notKeys(path, 'it is not JSON', cause);
  }
  const root = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  // Files of the first version say nothing but that.
  const version = root['format'] === FORMAT ? root['formatVersion'] : root['version'];
  if (Number.isInteger(version) && version !== FORMAT_VERSION) {
    throw new IncompatibleError(
      `${path} has format ${version}; this version reads format ${FORMAT_VERSION}.`,
      'Make new keys in another file with `sagitta keys add NAME`.',
    );
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw notKeys(path, `it is not a file of API keys: ${parsed.error.issues[0]!.message}`);
  const { keys, checksum } = parsed.data;
  if (checksumOf(keys) !== checksum) throw notKeys(path, 'its checksum does not match');
  return keys;
}

function notKeys(path: string, problem: string, cause?: unknown): CorruptFileError {
  return new CorruptFileError(
    path,
    problem,
    'Restore it from a copy, or make new keys in another file with `sagitta keys add NAME`.',
    cause === undefined ? {} : { cause },
  );
}
