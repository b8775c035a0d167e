import { describe, expect, it } from 'vitest';
import { CollectionLockedError, InvalidArgumentError } from '../base/errors.ts';
import { whenFree } from './when-free.ts';

describe('a short piece of writing', () => {
  it('waits for who writes, and for nothing else', async () => {
    const { signal } = new AbortController();
    let tries = 0;
    let waits = 0;
    const held = async () => {
      if (++tries < 3) throw new CollectionLockedError('c is being written.', 'Wait.');
      return 'done';
    };
    expect(await whenFree(held, { signal, onWait: () => waits++ })).toBe('done');
    expect([tries, waits]).toEqual([3, 2]);
    const wrong = async () => {
      throw new InvalidArgumentError('It is wrong.', 'Mend it.');
    };
    await expect(whenFree(wrong, { signal, onWait: () => waits++ })).rejects.toThrow('It is wrong');
    expect(waits).toBe(2);
  });

  it('is given up when it is interrupted', async () => {
    const controller = new AbortController();
    const held = async () => {
      throw new CollectionLockedError('c is being written.', 'Wait.');
    };
    const waiting = whenFree(held, { signal: controller.signal, onWait: () => controller.abort() });
    await expect(waiting).rejects.toThrow(/abort/i);
  });
});
