import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';

/** What a key allows. `write` includes `read`. */
export type Scope = 'read' | 'write';

const fileSchema = z.strictObject({
  version: z.literal(1),
  keys: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      scope: z.enum(['read', 'write']),
      /** SHA-256 of the secret, hexadecimal. A secret is 32 random bytes, so a slow hash would add nothing. */
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      created: z.string(),
    }),
  ),
});
type KeyEntry = z.infer<typeof fileSchema>['keys'][number];

/** A key as it is listed; its secret is nowhere. */
export type KeyInfo = Omit<KeyEntry, 'hash'>;

const PREFIX = 'sgt';

/**
 * API keys in a file, which holds hashes only. A key is `sgt_<id>_<secret>` and is shown once, when it is made.
 * The file is read again when it changes, so a removed key stops working without a restart.
 */
export class KeyFile {
  #entries: readonly KeyEntry[] = [];
  #stamp = '';
  #checked = 0;

  /** @throws InvalidArgumentError when the file is not one of keys. */
  constructor(readonly path: string) {
    this.#reload();
  }

  get size(): number {
    this.#refresh();
    return this.#entries.length;
  }

  list(): KeyInfo[] {
    return this.#entries.map(({ hash: _, ...info }) => info);
  }

  /** Makes a key. @returns the key itself, which cannot be had again. */
  add(name: string, scope: Scope): { readonly key: string; readonly info: KeyInfo } {
    if (name.trim() === '' || name.length > 100) {
      throw new InvalidArgumentError(`The name of the key is "${name}".`, 'Name who uses it, in 1 to 100 characters.');
    }
    const id = randomBytes(6).toString('hex');
    const secret = randomBytes(32).toString('base64url');
    const info = { id, name, scope, created: new Date().toISOString() };
    this.#write([...this.#entries, { ...info, hash: hashOf(secret).toString('hex') }]);
    return { key: `${PREFIX}_${id}_${secret}`, info };
  }

  /** @throws NotFoundError when no key has this id or name. */
  remove(idOrName: string): KeyInfo {
    const entry = this.#entries.find(({ id, name }) => id === idOrName || name === idOrName);
    if (entry === undefined) {
      throw new NotFoundError(
        `There is no key "${idOrName}" in ${this.path}.`,
        '`sagitta keys list` shows those that exist.',
      );
    }
    this.#write(this.#entries.filter((other) => other !== entry));
    const { hash: _, ...info } = entry;
    return info;
  }

  /** The entry that a key belongs to; undefined for a key that is wrong in any way. Takes equally long either way. */
  check(key: string): KeyInfo | undefined {
    this.#refresh();
    const match = /^sgt_([0-9a-f]{12})_([A-Za-z0-9_-]{1,100})$/.exec(key);
    const entry = this.#entries.find(({ id }) => id === match?.[1]);
    const given = hashOf(match?.[2] ?? '');
    const expected = entry === undefined ? Buffer.alloc(32) : Buffer.from(entry.hash, 'hex');
    if (!timingSafeEqual(given, expected) || entry === undefined) return undefined;
    const { hash: _, ...info } = entry;
    return info;
  }

  #refresh(): void {
    const now = performance.now();
    if (now - this.#checked < 1000) return;
    this.#checked = now;
    try {
      this.#reload();
    } catch {
      // Half-written or broken by hand: what was valid before stays valid until the file can be read again.
    }
  }

  #reload(): void {
    const stats = existsSync(this.path) ? statSync(this.path) : undefined;
    const stamp = stats === undefined ? '' : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
    if (stamp === this.#stamp) return;
    if (stats !== undefined) {
      let value: unknown;
      try {
        value = JSON.parse(readFileSync(this.path, 'utf8'));
      } catch (cause) {
        throw notKeys(this.path, (cause as Error).message);
      }
      const parsed = fileSchema.safeParse(value);
      if (!parsed.success) throw notKeys(this.path, parsed.error.issues[0]!.message);
      this.#entries = parsed.data.keys;
    } else this.#entries = [];
    this.#stamp = stamp;
  }

  #write(keys: readonly KeyEntry[]): void {
    const fresh = `${this.path}.new`;
    writeFileSync(fresh, `${JSON.stringify({ version: 1, keys }, undefined, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(fresh, this.path);
    this.#reload();
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function notKeys(path: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${path} is not a file of API keys: ${why}.`,
    'Make one with `sagitta keys add NAME`.',
  );
}
