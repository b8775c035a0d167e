import { frontMatter, textBlocks } from '../../text/index.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { type LineKind, markupBlocks } from '../markup-blocks.ts';
import { extensionOf } from '../paths.ts';
import type { Reader } from '../reader.ts';
import { REPAIRED } from './markdown.ts';

type Classify = (lines: readonly string[], at: number) => LineKind;

interface Syntax {
  readonly format: string;
  /** A new one for each document: levels of headings may depend on their order. */
  readonly classify: () => Classify;
  /** Fields that the document declares of itself. */
  readonly field: RegExp;
}

const UNDERLINE = /^([=\-`:.'"~^_*+#<>])\1{2,}\s*$/;

/** reStructuredText: titles are underlined, and their levels are in the order of their first appearance. */
function restructured(): Classify {
  const levels: string[] = [];
  const levelOf = (mark: string): number => {
    if (!levels.includes(mark)) levels.push(mark);
    return levels.indexOf(mark) + 1;
  };
  return (lines, at) => {
    const line = lines[at]!;
    const mark = UNDERLINE.exec(line)?.[1];
    const next = lines[at + 1] ?? '';
    if (mark !== undefined && UNDERLINE.exec(lines[at + 2] ?? '')?.[1] === mark && next.trim() !== '') {
      return { is: 'heading', name: next.trim(), level: levelOf(mark + mark), lines: 2 };
    }
    const under = UNDERLINE.exec(next);
    if (
      under !== null &&
      mark === undefined &&
      !/^\s/.test(line) &&
      next.trim().length >= Math.min(line.trim().length, 4)
    ) {
      return { is: 'heading', name: line.trim(), level: levelOf(under[1]!), lines: 1 };
    }
    if (mark !== undefined) return { is: 'skipped' };
    const isText = (other: string) => other.trim() !== '' && !/^\s/.test(other);
    if (/^\.\. (?:code|code-block|sourcecode|highlight|parsed-literal|math)::/.test(line))
      return { is: 'code', ends: isText, without: true };
    if (/^\.\. (?:image|figure|toctree|contents|index|_[^:]+:|raw|include|currentmodule|module)(?:::|$|\s)/.test(line))
      return { is: 'skipped' };
    if (/^\.\.(?:\s+(?![\w:-]+::|\[|\|)|$)/.test(line)) return { is: 'skipped' };
    if (/^(?:[-*+•]|\(?\w{1,3}[.)])\s+\S/.test(line)) return { is: 'list-item' };
    return /^[+|][-=+| ]*[-=]/.test(line)
      ? { is: 'table', ends: (other) => other.trim() === '', without: true }
      : undefined;
  };
}

const FENCES: Readonly<Record<string, 'code' | 'table' | 'hidden'>> = {
  '----': 'code',
  '....': 'code',
  '|===': 'table',
  '////': 'hidden',
  '```': 'code',
};

/** What stands for text elsewhere in an AsciiDoc document: `{product}`. */
const REFERENCE = /\{([a-z\d][\w-]*)\}/gi;
/** Lines of AsciiDoc that are no text, but may hold some: the name of a picture, who is quoted, what a condition shows. */
const HOLDS_TEXT =
  /^(?:(?:image|video|audio)::[^[]*\[\s*[^\]\s,=]+(?:[^\],="]*|"[^"]*")(?:[,\]])|(?:ifdef|ifndef|ifeval)::[^[]*\[.+\]\s*$|\[(?:quote|verse)[^\],]*,)/;

/** AsciiDoc: titles begin with equals signs; blocks stand between fences. Attributes that the text refers to are text. */
function asciidoc(): Classify {
  let used: ReadonlySet<string> | undefined;
  return (lines, at) => {
    const name = /^:([\w-]+):[ \t]+\S/.exec(lines[at]!)?.[1];
    if (name !== undefined) {
      used ??= new Set(lines.flatMap((line) => [...line.matchAll(REFERENCE)].map((match) => match[1]!.toLowerCase())));
      if (used.has(name.toLowerCase())) return undefined;
    }
    return HOLDS_TEXT.test(lines[at]!) ? undefined : asciidocLine(lines, at);
  };
}

const asciidocLine: Classify = (lines, at) => {
  const line = lines[at]!;
  const title = /^(={1,6}|#{1,6})\s+(\S.*)$/.exec(line);
  if (title !== null) return { is: 'heading', name: title[2]!.trim(), level: title[1]!.length };
  const fence = /^(?:-{4,}|\.{4,}|\/{4,}|\|===|```)/.exec(line)?.[0];
  if (fence !== undefined) {
    return {
      is: FENCES[fence.slice(0, 4)] ?? 'code',
      ends: (other) => other.trimEnd() === line.trimEnd() || (fence === '```' && other.startsWith('```')),
    };
  }
  if (/^(?:\/\/|:!?[\w-]+!?:|\[[^\]]*\]$|(?:image|include|ifdef|ifndef|endif|toc|video|audio)::)/.test(line))
    return { is: 'skipped' };
  if (/^(?:={4,}|\*{4,}|_{4,}|\+{4,}|--|<<<|''')\s*$/.test(line)) return { is: 'skipped' };
  return /^\s*(?:[-*]{1,5}|\.{1,5}|\d+\.)\s+\S/.test(line) ? { is: 'list-item' } : undefined;
};

/** Org: titles begin with stars, with a state before and tags behind; blocks stand between `#+BEGIN` and `#+END`. */
const org = (): Classify => (lines, at) => {
  const line = lines[at]!;
  const title =
    /^(\*{1,8})\s+(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED)\s+)?(?:\[#.\]\s+)?(.*?)(?:\s+:[\w@:]+:)?\s*$/.exec(line);
  if (title !== null && title[2] !== '') return { is: 'heading', name: title[2]!, level: title[1]!.length };
  if (/^\s*#\+begin_(?:src|example)\b/i.test(line)) return { is: 'code', ends: (other) => /^\s*#\+end_/i.test(other) };
  if (/^\s*#\+begin_comment\b/i.test(line)) return { is: 'hidden', ends: (other) => /^\s*#\+end_comment/i.test(other) };
  if (/^\s*:(?:PROPERTIES|LOGBOOK):\s*$/i.test(line))
    return { is: 'hidden', ends: (other) => /^\s*:END:/i.test(other) };
  if (/^\s*#\+(?:caption(?:\[.*?\])?|subtitle|description|macro|attr_\w+):.*[\p{L}\p{N}]/iu.test(line)) {
    return /^\s*#\+attr/i.test(line) && !/:(?:alt|title|caption)\s/.test(line) ? { is: 'skipped' } : undefined;
  }
  if (/^\s*#(?:\+|\s|$)/.test(line)) return { is: 'skipped' };
  if (/^\s*\|/.test(line)) return { is: 'table', ends: (other) => !/^\s*\|/.test(other), without: true };
  return /^\s*(?:[-+]|\d+[.)])\s+\S/.test(line) ? { is: 'list-item' } : undefined;
};

const SYNTAXES: Readonly<Record<string, Syntax>> = {
  rst: { format: 'rst', classify: restructured, field: /^:([A-Za-z][\w -]{0,30}):[ \t]+(\S.*)$/gm },
  rest: { format: 'rst', classify: restructured, field: /^:([A-Za-z][\w -]{0,30}):[ \t]+(\S.*)$/gm },
  adoc: { format: 'asciidoc', classify: asciidoc, field: /^:([a-z][\w-]{0,30}):[ \t]+(\S.*)$/gm },
  asciidoc: { format: 'asciidoc', classify: asciidoc, field: /^:([a-z][\w-]{0,30}):[ \t]+(\S.*)$/gm },
  asc: { format: 'asciidoc', classify: asciidoc, field: /^:([a-z][\w-]{0,30}):[ \t]+(\S.*)$/gm },
  org: { format: 'org', classify: org, field: /^#\+([A-Za-z]+):[ \t]+(\S.*)$/gm },
};
/** Fields of the document that are kept, in lower case. */
const KEPT = new Set([
  'title',
  'author',
  'date',
  'language',
  'lang',
  'description',
  'keywords',
  'version',
  'revdate',
  'email',
  'filetags',
]);
/** Where fields stand. */
const HEAD = 4000;

/**
 * reStructuredText, AsciiDoc and Org: titles, code, tables and lists as blocks; comments, attributes and directives without
 * words are left out. Offsets are into the file's text.
 */
export const markupReader: Reader = {
  format: 'markup',
  extensions: Object.keys(SYNTAXES),
  async *read(file, context) {
    const decoded = await context.text();
    const { text } = decoded;
    const { format, classify, field } = SYNTAXES[extensionOf(file.path)] ?? SYNTAXES['rst']!;
    const { fields: declared = {}, end, repaired } = frontMatter(text);
    if (repaired) yield { path: file.path, note: REPAIRED };
    const fields: Record<string, unknown> = { ...declared };
    for (const [, name, value] of text.slice(end, end + HEAD).matchAll(field)) {
      if (KEPT.has(name!.toLowerCase())) fields[name!.toLowerCase()] ??= value!.trim();
    }
    const blocks = markupBlocks(text, end, classify());
    const { title, language, lang, ...rest } = fields;
    yield makeDocument(file, {
      format,
      text,
      blocks: blocks.length > 0 ? blocks : textBlocks(text),
      title: title ?? blocks.find(({ kind }) => kind === 'heading')?.name,
      language: language ?? lang,
      fields: rest,
      encoding: describeEncoding(decoded),
    });
  },
};
