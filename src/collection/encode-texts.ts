import { given } from '../base/given.ts';
import { type IndexingSettings, weighedTerms } from '../corpus/index.ts';
import type { EncodeOptions, Encoder, TermEncoder, TokenEncoder } from '../encode/encoder.ts';
import { speaks } from '../encode/speaks.ts';
import type { FieldItem, FieldText, VectorFieldSettings } from '../store/types.ts';
import type { GivenEncoder } from './encoders.ts';

/** What a field holds of texts, undefined where its encoder does not know the language. */
export async function encodeTexts(
  encoder: GivenEncoder,
  kind: VectorFieldSettings['kind'],
  texts: readonly FieldText[],
  settings: IndexingSettings,
  signal?: AbortSignal,
): Promise<(FieldItem | undefined)[]> {
  const known = texts.filter(({ language }) => speaks(encoder, language));
  const items =
    known.length === 0 ? [] : await itemsOf(encoder, kind, known, settings, { role: 'document', ...given({ signal }) });
  let next = 0;
  return texts.map(({ language }) => (speaks(encoder, language) ? items[next++] : undefined));
}

async function itemsOf(
  encoder: GivenEncoder,
  kind: VectorFieldSettings['kind'],
  fieldTexts: readonly FieldText[],
  settings: IndexingSettings,
  options: EncodeOptions,
): Promise<readonly FieldItem[]> {
  if (kind === 'impacts') return weighedTerms(encoder as TermEncoder, fieldTexts, settings, options);
  const texts = fieldTexts.map(({ text }) => text);
  if (kind === 'vector') {
    const vectors = await (encoder as Encoder).encode(texts, options);
    return texts.map((_, i) => vectors.row(i));
  }
  const sets = await (encoder as TokenEncoder).encodeTokens(texts, options);
  return texts.map((_, i) => sets.item(i));
}
