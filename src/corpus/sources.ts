import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { DocumentRecord } from '../content/index.ts';
import type { EncoderWindow } from '../encode/encoder.ts';
import { speaks } from '../encode/speaks.ts';
import type { Field, FieldSource } from './corpus.ts';
import { embeddingText } from './embedding-text.ts';

const SOURCES = ['passage', 'text', 'title', 'headings'] as const;
const METADATA = 'metadata.';

/** @throws InvalidArgumentError for what is no source of a field, with the nearest one. */
export function parseFieldSource(name: string): FieldSource {
  if ((SOURCES as readonly string[]).includes(name)) return name as FieldSource;
  if (name.startsWith(METADATA) && name.length > METADATA.length) return name as FieldSource;
  const guess = nearest(name, SOURCES);
  throw new InvalidArgumentError(
    `A field cannot be made of "${name}".`,
    `${guess === undefined ? '' : `Did you mean "${guess}"? `}Give passage, text, title, headings or metadata.NAME.`,
  );
}

/** The metadata field that a source names; undefined for the others. */
export function metadataSource(of: FieldSource): string | undefined {
  return of.startsWith(METADATA) ? of.slice(METADATA.length) : undefined;
}

/** The text that a field is made of, for one passage; empty where there is none. Members of a list stand on lines of their own. */
export function sourceText(
  of: FieldSource,
  { title, metadata }: Pick<DocumentRecord, 'title' | 'metadata'>,
  { headings, text }: { readonly headings: readonly string[]; readonly text: string },
): string {
  if (of === 'passage') return embeddingText(title, headings, text);
  if (of === 'title') return title;
  if (of === 'text') return text;
  if (of === 'headings') return headings.join('\n');
  const name = metadataSource(of)!;
  const value = Object.hasOwn(metadata, name) ? (metadata[name] ?? '') : '';
  return Array.isArray(value) ? value.join('\n') : String(value);
}

/** What a field says of how long its passages may be. */
interface Windowed {
  readonly of: FieldSource;
  readonly kind: Exclude<Field['kind'], 'terms'>;
  readonly encoder: { readonly languages?: readonly string[]; readonly window?: EncoderWindow };
}

/** Passages are cut so that the encoder with the narrowest window, of those that read them and know the language, reads all of each. */
export function narrowestWindow(fields: readonly Windowed[], language: string): EncoderWindow | undefined {
  const windows = fields.flatMap(({ of, kind, encoder }) =>
    kind === 'vector' && (of === 'passage' || of === 'text') && speaks(encoder, language) && encoder.window
      ? [encoder.window]
      : [],
  );
  return windows.sort((a, b) => a.tokens - b.tokens)[0];
}
