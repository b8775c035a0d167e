import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../../test/support/files.ts';
import {
  CorruptFileError,
  IncompatibleError,
  InvalidArgumentError,
  NotFoundError,
  StorageError,
} from '../base/errors.ts';
import { KeyFile } from './keys.ts';

describe('a file of keys', () => {
  it('loses nothing and brings nothing back when many change it at once', async () => {
    using folder = testFolder();
    const path = folder.at('k.json');
    for (let round = 0; round < 5; round++) {
      const { key: old, info } = await new KeyFile(path).add('old', 'write');
      const made = await Promise.all([
        ...Array.from({ length: 8 }, (_, i) => new KeyFile(path).add(`new${round}-${i}`, 'read')),
        new KeyFile(path).remove(info.id),
      ]);
      const file = new KeyFile(path);
      expect(file.check(old)).toBeUndefined();
      for (const { key, info } of made.filter((answer) => 'key' in answer)) expect(file.check(key)).toEqual(info);
      expect(file.size).toBe(8 * (round + 1));
    }
    expect(readdirSync(folder.path).sort()).toEqual(['k.json', 'k.json.lock']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('takes no name that breaks lines or drives a terminal, and no folder', async () => {
    using folder = testFolder();
    const file = new KeyFile(folder.at('k.json'));
    for (const name of ['a\nb', 'a\u001b[31m', 'a\tb', 'a\u009b1m', 'a\u2028b', 'a\u202eb']) {
      await expect(file.add(name, 'read')).rejects.toThrow(InvalidArgumentError);
    }
    await expect(file.add('a\nb', 'read')).rejects.toThrow(
      'The name of the key is "a\\nb", with line breaks or other control characters. Name who uses it on one line, without them.',
    );
    expect(file.list()).toEqual([]);
    expect((await file.add('Zoë’s phone', 'read')).info.name).toBe('Zoë’s phone');
    expect(() => new KeyFile(folder.path)).toThrow(`${folder.path} is a folder, and a file of API keys is needed.`);
  });

  it('says which folder is not there', async () => {
    using folder = testFolder();
    await expect(new KeyFile(folder.at('none/k.json')).add('x', 'read')).rejects.toThrow(
      /no folder .*none for the keys/,
    );
    expect(existsSync(folder.at('none'))).toBe(false);
  });

  it('removes by id, and by a name that only one has', async () => {
    using folder = testFolder();
    const file = new KeyFile(folder.at('k.json'));
    const first = await file.add('phone', 'write');
    const second = await file.add('phone', 'read');
    await file.add('laptop', 'read');
    await expect(file.remove('phone')).rejects.toThrow(
      new RegExp(`2 keys are called "phone": ${first.info.id} \\(write.*${second.info.id} \\(read.*by its id\\.$`),
    );
    await expect(file.remove('tablet')).rejects.toThrow(NotFoundError);
    expect(await file.remove(first.info.id)).toEqual(first.info);
    expect(file.check(first.key)).toBeUndefined();
    expect(file.check(second.key)).toEqual(second.info);
    expect(await file.remove('phone')).toEqual(second.info);
    await expect(file.add(second.info.id, 'read')).rejects.toThrow(InvalidArgumentError);
    await expect(file.add(' ', 'read')).rejects.toThrow(InvalidArgumentError);
  });

  it('is read again within a second, whatever its size and time of change say', async () => {
    using folder = testFolder();
    const path = folder.at('k.json');
    const running = new KeyFile(path);
    const { key, info } = await new KeyFile(path).add('aaa', 'read');
    await sleep(600);
    expect(running.check(key)).toEqual(info);
    const other = new KeyFile(path);
    await other.remove(info.id);
    await other.add('bbb', 'read');
    await sleep(600);
    expect(running.check(key)).toBeUndefined();
  });

  it('opens nothing once it is damaged or removed, and is never overwritten when it cannot be read', async () => {
    using folder = testFolder();
    const path = folder.at('k.json');
    const running = new KeyFile(path);
    const { key, info } = await running.add('a', 'read');
    const whole = readFileSync(path, 'utf8');
    for (const damaged of [whole.replace('"read"', '"write"'), whole.slice(0, -20), '[]', '']) {
      writeFileSync(path, damaged);
      expect(() => new KeyFile(path)).toThrow(CorruptFileError);
      await sleep(600);
      expect(running.check(key)).toBeUndefined();
      await expect(running.add('b', 'write')).rejects.toThrow(CorruptFileError);
      expect(readFileSync(path, 'utf8')).toBe(damaged);
    }
    writeFileSync(path, whole);
    await sleep(600);
    expect(running.check(key)).toEqual(info);
    rmSync(path);
    await sleep(600);
    expect(running.check(key)).toBeUndefined();
    expect(running.size).toBe(0);
    writeFileSync(path, JSON.stringify({ version: 1, keys: [] }));
    expect(() => new KeyFile(path)).toThrow(IncompatibleError);
  });

  it.skipIf(process.getuid?.() === 0)('that may not be written is a storage error', async () => {
    using folder = testFolder();
    chmodSync(folder.path, 0o500);
    await expect(new KeyFile(folder.at('k.json')).add('a', 'read')).rejects.toThrow(StorageError);
    chmodSync(folder.path, 0o700);
    expect(existsSync(folder.at('k.json'))).toBe(false);
  });
});
