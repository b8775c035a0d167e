import { InvalidArgumentError } from '../../base/errors.ts';
import { parseSettings } from '../spec.ts';
import type { Positions } from './positions.ts';

/** Ways for an encoder to read more than it was trained to. */
export type Reading = Positions | 'chunks-mean' | 'chunks-max';

/** Settings of {@link extendedEncoder}. */
export interface ExtendedOptions {
  /** Most tokens that are read of a text, special ones included (those of every chunk): more than the encoder reads by itself, and at most 64 times as many. */
  readonly window: number;
  /**
   * `chunks-mean` (default): the text in chunks of what the encoder reads, each by itself, and the mean of their vectors (parallel context windows); `chunks-max`: the greatest of each component.
   * `grouped`, `recurrent`, `interpolated`: all of it at once, over positions made from the encoder's own (see `longPositions`), which takes time by the square of the length.
   */
  readonly positions?: Reading;
}

/** All of them, in the order in which they are named to people. */
export const READINGS: readonly Reading[] = ['chunks-mean', 'chunks-max', 'grouped', 'recurrent', 'interpolated'];

/** Settings that are not the other encoder's. */
const OWN = ['window', 'positions'] as const;

/**
 * Takes `ENCODER?window=1024&positions=grouped` apart, where the encoder may have settings of its own among these. `extendedEncoder` checks what they are.
 * @param spec for messages. @returns the encoder's specification, and what is set. @throws InvalidArgumentError without a window.
 */
export function parseExtended(
  spec: string,
  rest: string,
): { readonly base: string; readonly options: ExtendedOptions } {
  const cut = rest.indexOf('?');
  const parts = cut < 0 ? [] : rest.slice(cut + 1).split('&');
  const isOwn = (part: string): boolean => OWN.some((name) => part.startsWith(`${name}=`));
  const others = parts.filter((part) => !isOwn(part)).join('&');
  const { settings } = parseSettings(spec, `?${parts.filter(isOwn).join('&')}`, OWN);
  const { window, positions } = settings;
  if (window === undefined) {
    throw new InvalidArgumentError(
      `The encoder "${spec}" does not say how many tokens it is to read.`,
      'Give a window: extended:minilm?window=1024.',
    );
  }
  const name = cut < 0 ? rest : rest.slice(0, cut);
  return {
    base: others === '' ? name : `${name}?${others}`,
    options: {
      window: window === '' ? Number.NaN : Number(window),
      ...(positions === undefined ? {} : { positions: positions as Reading }),
    },
  };
}

/** As {@link parseExtended} reads it. @param base specification of the encoder that is to read more. */
export function formatExtended(base: string, { window, positions }: Required<ExtendedOptions>): string {
  return `extended:${base}${base.includes('?') ? '&' : '?'}window=${window}&positions=${positions}`;
}
