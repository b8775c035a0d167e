import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Encoder, TokenEncoder } from './encoder.ts';

const FORMS = ['use-lite', 'hash:<dim>'];

/**
 * The encoder that a specification names; every encoder's `id` is one. Its code is imported only now, and its model
 * is loaded at the first call.
 *
 * - `use-lite`: Universal Sentence Encoder Lite, English, 512 components ({@link useLite})
 * - `hash:<dim>`, `hash:<dim>?seed=<n>`: hashed words, for tests ({@link testEncoder})
 *
 * @throws InvalidArgumentError for anything else. MissingPackageError when a package that it needs is not installed.
 */
export async function openEncoder(spec: string): Promise<Encoder & Partial<TokenEncoder>> {
  const [, kind, rest] = /^([^:]*)(?::(.*))?$/s.exec(spec)!;
  if (spec === 'use-lite') return (await import('./use-lite/use-lite.ts')).useLite();
  if (kind === 'hash') {
    const match = /^(\d+)(?:\?seed=(-?\d+))?$/.exec(rest ?? '');
    if (match !== null) {
      const { testEncoder } = await import('./testing.ts');
      return testEncoder({ dim: Number(match[1]), seed: Number(match[2] ?? 0) });
    }
  }
  const meant = nearest(kind!, ['use-lite', 'hash']);
  throw new InvalidArgumentError(
    `There is no encoder "${spec}".${meant === undefined || meant === spec ? '' : ` Did you mean ${meant}?`}`,
    `Give one of: ${FORMS.join(', ')}.`,
  );
}
