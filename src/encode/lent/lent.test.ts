import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { IncompatibleError, MissingPackageError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import { openEncoder } from '../registry.ts';
import { testEncoder } from '../testing.ts';
import { BorrowedEncoders } from './borrow.ts';
import { lendEncoders } from './lend.ts';
import type { LentEncoder } from './messages.ts';

const lines: { close(): void }[] = [];
afterEach(() => {
  for (const line of lines.splice(0)) line.close();
});

/** Encoders at the other end of a line. */
function borrowed(open: (wanted: string) => Promise<LentEncoder>): BorrowedEncoders<string> {
  const { port1, port2 } = new MessageChannel();
  lines.push(port1);
  lendEncoders(port1, open);
  const encoders = new BorrowedEncoders<string>();
  encoders.connect(port2);
  return encoders;
}

describe('an encoder that is lent', () => {
  it('is what it is in its own thread', async () => {
    const own = { ...testEncoder({ dim: 16, languages: ['en'], window: 3 }), denseShare: 0.4 };
    const lent = await borrowed(async () => own).open('any');
    const { id, dim, languages, denseShare } = own;
    expect(lent).toMatchObject({ id, dim, languages, denseShare, window: { tokens: 3 } });
    expect(await lent.window!.count('one two three four')).toBe(await own.window!.count('one two three four'));
    const texts = ['a harbour', 'ice', ''];
    expect(await lent.encode(texts, { role: 'query' })).toEqual(await own.encode(texts, { role: 'query' }));
    expect(await lent.encodeTokens!(texts)).toEqual(await own.encodeTokens(texts));
    const words = [{ text: 'ice', words: [{ term: 'ice', start: 0, end: 3 }] }];
    expect(await lent.weigh!(words)).toEqual(await own.weigh(words));
  });

  it('has the methods that there are, and is opened by what is wanted', async () => {
    const open = vi.fn(async (wanted: string) => {
      const { id, dim, encodeTokens } = testEncoder({ dim: Number(wanted) });
      return { id, dim, encodeTokens };
    });
    const encoders = borrowed(open);
    const [four, eight] = await Promise.all([encoders.open('4'), encoders.open('8')]);
    expect(['encode' in four, 'encodeTokens' in four, 'weigh' in four, 'window' in four]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect([(await four.encodeTokens!(['x'])).vectors.dim, (await eight.encodeTokens!(['x'])).vectors.dim]).toEqual([
      4, 8,
    ]);
  });

  it('sends rows of a larger matrix alone', async () => {
    const all = Vectors.fromRows([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const lent = await borrowed(async () => ({ id: 'rows', dim: 2, encode: async () => all.slice(1, 2) })).open('any');
    const { data } = await lent.encode(['x']);
    expect([data, data.buffer.byteLength]).toEqual([Float32Array.of(3, 4), 8]);
  });

  it('fails as it fails there', async () => {
    let broken = false;
    const encode = async (): Promise<Vectors> => {
      throw new MissingPackageError('some-model', 'The encoder');
    };
    const lent = await borrowed(async () => (broken ? { id: 'other', dim: 2 } : { id: 'one', dim: 2, encode })).open(
      '',
    );
    await expect(lent.encode(['x'])).rejects.toThrow(MissingPackageError);
    await expect(lent.encode(['x'])).rejects.toMatchObject({ packageName: 'some-model', code: 'missing-package' });
    broken = true;
    await expect(lent.encode(['x'])).rejects.toThrow(IncompatibleError);
    const none = borrowed(async () => Promise.reject(new RangeError('out of order')));
    await expect(none.open('')).rejects.toMatchObject({ name: 'RangeError', message: 'out of order' });
  });

  it('is given up at once, and hears of it', async () => {
    const heard = vi.fn();
    const encode: LentEncoder['encode'] = (_, { signal } = {}) => {
      signal!.addEventListener('abort', heard);
      return new Promise(() => undefined);
    };
    const lent = await borrowed(async () => ({ id: 'slow', dim: 2, encode })).open('');
    const controller = new AbortController();
    const encoding = lent.encode(['x'], { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(encoding).rejects.toThrow('enough');
    await vi.waitFor(() => expect(heard).toHaveBeenCalledOnce());
  });

  it('is opened by its id in each thread where that costs less than asking', async () => {
    const shipped = await openEncoder('static');
    const encode = vi.spyOn(shipped, 'encode');
    const lent = await borrowed(async () => shipped).open('');
    const vectors = await lent.encode(['the harbour']);
    expect(encode).not.toHaveBeenCalled();
    expect(vectors).toEqual(await shipped.encode(['the harbour']));
    // One of a program's own of the same name is asked.
    const own = { ...(await openEncoder('static')), encode: vi.fn(async () => Vectors.zeros(1, shipped.dim)) };
    const asked = await borrowed(async () => own).open('');
    expect((await asked.encode(['the harbour'])).data.every((value) => value === 0)).toBe(true);
    expect(own.encode).toHaveBeenCalledOnce();
  });
});
