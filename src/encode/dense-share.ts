import type { Encoder } from './encoder.ts';

/** Shares of the dense ranking in hybrid search, by the encoder's name: `npm run bench -- hybrid-tuning ENCODER` measures them. */
const SHARES: Readonly<Record<string, number>> = { minilm: 0.4, static: 0.2 };

/** Of an encoder that nobody has measured. */
const DEFAULT_SHARE = 0.4;

/** What the dense ranking deserves in hybrid search with this encoder, 0 to 1: its own word, else what was measured, else as much as minilm's. */
export function denseShareOf({ id, denseShare }: Pick<Encoder, 'id' | 'denseShare'>): number {
  return denseShare ?? SHARES[id.split('?')[0]!] ?? DEFAULT_SHARE;
}
