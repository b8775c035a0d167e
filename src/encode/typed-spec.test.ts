import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { checkTypedEncoder, openTypedEncoder } from './typed-spec.ts';

const told = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('an encoder that was typed', () => {
  it('is opened as it is', async () => {
    expect((await openTypedEncoder('hash:16?seed=3')).id).toBe('hash:16?seed=3');
    const extended = await openTypedEncoder('extended:minilm?length=256&window=512');
    expect(extended.id).toContain('window=512');
    await extended.dispose?.();
  });

  it.each([
    ['extended:minilm?window=512&window=1024', '"window" twice, to "512" and to "1024". Keep one of them.'],
    ['hash:16?seed=1&seed=1', '"seed" twice, to "1" and to "1". Keep one of them.'],
    ['uses:minilm?length=64&length=65', '"length" twice'],
    ['http:http://localhost:1/v1?a=1&a=2#m?dim=3&dim=4', '"dim" twice, to "3" and to "4".'],
    ['hf:some/model?normalize=no', 'has normalize "no". Write true or false.'],
  ])('is refused where a setting stands there twice, or would be passed over: %s', async (spec, sentence) => {
    const error = await told(openTypedEncoder(spec));
    expect(error).toEqual(expect.any(InvalidArgumentError));
    expect((error as Error).message).toContain(`The encoder "${spec}"`);
    expect((error as Error).message).toContain(sentence);
  });

  it.each([
    [
      'extended:minilm?window=abc',
      'The window of the encoder "extended:minilm?window=abc" is "abc", which is no whole number. Give a whole number from 257 to 16384.',
    ],
    [
      'minilm?length=',
      'The length of the encoder "minilm?length=" is "", which is no whole number. Give a whole number from 3 to 512.',
    ],
    [
      'late?pool=much',
      'The pool of the encoder "late?pool=much" is "much", which is no number. Give a number of 1 or more.',
    ],
    ['hash:16?window=abc', 'is "abc", which is no whole number. Give a whole number.'],
    ['http:http://localhost:1/v1#m?dim=abc', 'is "abc", which is no whole number. Give a whole number of at least 1.'],
  ])('is told by what was typed where a number is none: %s', async (spec, sentence) => {
    const error = await told(openTypedEncoder(spec));
    expect(error).toEqual(expect.any(InvalidArgumentError));
    expect((error as Error).message).toContain(sentence);
    expect((error as Error).message).not.toContain('NaN');
  });

  it('leaves to encoders of one’s own and to paths what stands behind a question mark', async () => {
    const kinds = [
      {
        name: 'mine',
        open: (_: string, id: string) => ({
          id,
          dim: 1,
          encode: async () => {
            throw new Error();
          },
        }),
      },
    ];
    expect((await openTypedEncoder('mine:x?window=1&window=abc', { kinds })).id).toBe('mine:x?window=1&window=abc');
    expect(() => checkTypedEncoder('tuned:/a?b=1&b=2')).not.toThrow();
  });
});
