import type { Encoder } from './encoder.ts';

/** Shares of the dense ranking in hybrid search, by the encoder's id: `npm run bench -- hybrid-tuning` measures them. */
const SHARES: Readonly<Record<string, number>> = { 'use-lite': 0.5 };

/** Of an encoder that nobody has measured. */
const DEFAULT_SHARE = 0.5;

/** What the dense ranking deserves in hybrid search with this encoder, 0 to 1: its own word, else what was measured, else half. */
export function denseShareOf({ id, denseShare }: Pick<Encoder, 'id' | 'denseShare'>): number {
  return denseShare ?? SHARES[id] ?? DEFAULT_SHARE;
}
