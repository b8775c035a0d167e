import type { Encoder } from './encoder.ts';

/** Whether the encoder's vectors mean something in this language; `und` (undetermined) gets the benefit of the doubt. */
export function speaks(encoder: Pick<Encoder, 'languages'>, language: string): boolean {
  return encoder.languages === undefined || language === 'und' || encoder.languages.includes(language);
}
