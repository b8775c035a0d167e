import { type Range, snippet } from './highlight.ts';
import { asciidocMarkup, cellMarks, orgMarkup, restructuredMarkup } from './plain-light.ts';
import { markdownMarkup } from './plain-markdown.ts';
import { Strip } from './strip.ts';

/** How the formats whose text keeps its markup are rid of it. */
const MARKUP: Readonly<Record<string, (strip: Strip) => void>> = {
  markdown: markdownMarkup,
  notebook: markdownMarkup,
  rst: restructuredMarkup,
  asciidoc: asciidocMarkup,
  org: orgMarkup,
  html: cellMarks,
  docx: cellMarks,
  odt: cellMarks,
  rtf: cellMarks,
  xlsx: cellMarks,
  ods: cellMarks,
  pptx: cellMarks,
  odp: cellMarks,
};

/** A stretch of text for people, and ranges of it. */
export interface PlainText {
  readonly text: string;
  readonly ranges: readonly Range[];
}

/**
 * A stretch of a document as its readers see it: without emphasis, link targets, badges, fences, pipes of tables and
 * markers of headings, and every run of white space one space. It may begin and end anywhere within the markup. What is
 * not sure to be markup stays.
 *
 * @param format of the document; of those that are no markup only the white space changes.
 * @param ranges of `text`, ascending and disjoint; they come back where their words have gone, those within what was
 * taken out not at all.
 */
export function plainText(text: string, format: string, ranges: readonly Range[] = []): PlainText {
  const marked = Object.hasOwn(MARKUP, format);
  if (!marked && !/^\s|\s\s|[^\S ]|\s$/.test(text)) return { text, ranges };
  const strip = new Strip(text);
  if (marked) MARKUP[format]!(strip);
  return strip.finish(ranges);
}

/** Longest stretch whose markup is looked at: several times what a passage has. */
const LONGEST = 8_000;

/**
 * The part of a passage that shows the most different matches, as plain text: {@link snippet} of {@link plainText}.
 *
 * @param ranges as `highlight` gives them.
 * @param options.maxLength code units, at least 1. Default 320.
 */
export function plainSnippet(
  text: string,
  format: string,
  ranges: readonly Range[],
  options: { readonly maxLength?: number } = {},
): PlainText {
  const { maxLength = 320 } = options;
  const near = snippet(text, ranges, { maxLength: Math.max(LONGEST, maxLength) });
  let plain = plainText(near.text, format, near.ranges);
  // Nothing but badges, or what was taken for markup.
  if (plain.text === '') plain = plainText(near.text, '', near.ranges);
  const { text: shown, ranges: marked } = snippet(plain.text, plain.ranges, { maxLength });
  return { text: shown, ranges: marked };
}
