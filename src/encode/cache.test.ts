import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cached, cacheFolder, stampOf } from './cache.ts';

let root: string;
let made: number;
const make = async () => Uint8Array.of(1, 2, 3, ++made);
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sagitta-cache-'));
  made = 0;
  vi.stubEnv('SAGITTA_CACHE', join(root, 'deep/er'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});
const files = () => readdir(cacheFolder());

describe('cached', () => {
  it('makes what a key stands for once, and leaves nothing else behind', async () => {
    expect([...(await cached('model', 'a', make))]).toEqual([1, 2, 3, 1]);
    expect([...(await cached('model', 'a', make))]).toEqual([1, 2, 3, 1]);
    expect([...(await cached('model', 'b', make))]).toEqual([1, 2, 3, 2]);
    expect(await files()).toEqual([expect.stringMatching(/^model-[\da-f]{16}$/), expect.stringMatching(/^model-/)]);
    expect((await cached('none', 'a', async () => new Uint8Array(0))).length).toBe(0);
    expect((await cached('none', 'a', make)).length).toBe(0);
  });

  it('removes what was not used for two months when something is added', async () => {
    await cached('model', 'old', make);
    await cached('model', 'used', make);
    const [old, used] = (
      await Promise.all(
        (await files()).map((name) => stat(join(cacheFolder(), name)).then(({ mtimeMs }) => [mtimeMs, name] as const)),
      )
    )
      .sort()
      .map(([, name]) => join(cacheFolder(), name));
    const before = Date.now() / 1000 - 61 * 24 * 3600;
    for (const path of [old!, used!]) await utimes(path, before, before);
    await writeFile(join(cacheFolder(), 'notes'), '');
    await utimes(join(cacheFolder(), 'notes'), before, before);
    await cached('model', 'used', make);
    await cached('model', 'new', make);
    const left = await files();
    expect(left).toHaveLength(3);
    expect(left).toContain('notes');
    expect(left.map((name) => join(cacheFolder(), name))).not.toContain(old);
    expect(made).toBe(3);
  });

  it('makes a damaged file anew', async () => {
    await cached('model', 'a', make);
    const path = join(cacheFolder(), (await files())[0]!);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at++) {
      // Bytes 12 to 15 are zeros without a meaning.
      if (at >= 12 && at < 16) continue;
      const broken = Buffer.from(whole);
      broken[at]! ^= 0x10;
      await writeFile(path, broken);
      await cached('model', 'a', make);
      expect(made, `byte ${at}`).toBe(at < 12 ? at + 2 : at - 2);
    }
    for (const length of [0, 7, 15, 16, whole.length - 1]) {
      const before = made;
      await truncate(path, length);
      await cached('model', 'a', make);
      expect(made, `${length} bytes`).toBe(before + 1);
    }
    expect(await files()).toHaveLength(1);
  });

  it('works where nothing can be written, and where two make the same at once', async () => {
    await writeFile(join(root, 'file'), '');
    vi.stubEnv('SAGITTA_CACHE', join(root, 'file'));
    expect([...(await cached('model', 'a', make))]).toEqual([1, 2, 3, 1]);
    expect([...(await cached('model', 'a', make))]).toEqual([1, 2, 3, 2]);

    const locked = await mkdtemp(join(root, 'locked-'));
    await chmod(locked, 0o500);
    vi.stubEnv('SAGITTA_CACHE', locked);
    expect([...(await cached('model', 'a', make))]).toEqual([1, 2, 3, 3]);

    vi.stubEnv('SAGITTA_CACHE', join(root, 'shared'));
    const both = await Promise.all([cached('model', 'a', make), cached('model', 'a', make)]);
    expect(both.map((bytes) => bytes.length)).toEqual([4, 4]);
    expect(await files()).toHaveLength(1);
  });

  it('does not keep what failed to be made', async () => {
    const failing = () => Promise.reject(new Error('no'));
    await expect(cached('model', 'a', failing)).rejects.toThrow('no');
    expect([...(await cached('model', 'a', make))]).toEqual([1, 2, 3, 1]);
  });
});

describe('cacheFolder', () => {
  it("is the setting's, else the user's", () => {
    vi.stubEnv('SAGITTA_CACHE', '');
    vi.stubEnv('XDG_CACHE_HOME', '');
    expect(cacheFolder().startsWith(homedir())).toBe(true);
    if (process.platform === 'linux') {
      vi.stubEnv('XDG_CACHE_HOME', '/elsewhere');
      expect(cacheFolder()).toBe('/elsewhere/sagitta');
    }
  });
});

describe('stampOf', () => {
  it('changes with what a file holds', async () => {
    const path = join(root, 'weights');
    await writeFile(path, 'abc');
    const before = await stampOf(path);
    expect(await stampOf(path)).toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await writeFile(path, 'abd');
    expect(await stampOf(path)).not.toBe(before);
    expect((await stat(path)).size).toBe(3);
  });
});
