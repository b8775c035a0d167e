import type { Block } from '../../text/blocks.ts';
import { frontMatter, markdownBlocks } from '../../text/index.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { fitsMetadata } from '../metadata.ts';
import type { Reader } from '../reader.ts';
import { meaningOfEntity } from '../xml-entities.ts';

/** What is said of front matter that is almost right. */
export const REPAIRED = 'Its front matter is not sound and was read line by line.';

/** A note of one word has the form of a link's address, which is no text. */
const SHORT_NOTE = /^ {0,3}\[\^[^\]\n]+\]:[ \t]*\S+[ \t]*\r?$/gm;

/** The blocks, and notes at the foot of the page that are in none of them. */
function withNotes(text: string, blocks: readonly Block[]): readonly Block[] {
  const notes: Block[] = [];
  let next = 0;
  for (const { 0: line, index } of text.matchAll(SHORT_NOTE)) {
    while (next < blocks.length && blocks[next]!.end <= index) next++;
    const start = blocks[next]?.start ?? Number.POSITIVE_INFINITY;
    if (start > index) notes.push({ kind: 'paragraph', start: index, end: index + line.trimEnd().length });
  }
  return notes.length === 0 ? blocks : [...blocks, ...notes].sort((a, b) => a.start - b.start);
}

/** Fields of front matter that are sentences about the document. */
const PROSE = new Set(['description', 'summary', 'abstract', 'excerpt', 'subtitle', 'tagline', 'tldr', 'lead']);

/**
 * Markdown, CommonMark with GitHub's extensions. Front matter becomes metadata; what of it is prose, or cannot be metadata, is
 * searched, too. Offsets are into the file's text, in which letters stand for their names (`&eacute;`).
 */
export const markdownReader: Reader = {
  format: 'markdown',
  extensions: ['md', 'markdown', 'mdown', 'mkd', 'mkdn', 'mdx', 'qmd', 'rmd'],
  async *read(file, context) {
    const decoded = await context.text();
    const text = await withLetters(decoded.text);
    const { title, frontMatter = {}, repaired, blocks } = markdownBlocks(text);
    const { title: declaredTitle, language, lang, ...fields } = frontMatter;
    if (repaired) yield { path: file.path, note: REPAIRED };
    yield makeDocument(file, {
      format: 'markdown',
      text,
      blocks: [...proseBlocks(text, fields), ...withNotes(text, blocks)],
      title: declaredTitle ?? title,
      language: language ?? lang,
      fields,
      encoding: describeEncoding(decoded),
    });
  },
};

/** Names of characters outside of code. */
const NAMED = /(^ {0,3}(?:```|~~~)[\s\S]*?^ {0,3}(?:```|~~~)|`[^`\n]*`)|&(?:#\d{2,6}|#x[\da-f]{2,5}|[a-z]{2,8});/gim;

/** The text with letters for their names; everything else, which parts words or may be markup, stays as it is written. */
async function withLetters(text: string): Promise<string> {
  const names = new Set([...text.matchAll(NAMED)].flatMap((match) => (match[1] === undefined ? [match[0]] : [])));
  const letters = new Map<string, string>();
  for (const name of names) {
    const meaning = await meaningOfEntity(name);
    if (meaning !== undefined && /^\p{L}$/u.test(meaning) && !/^[a-z]$/i.test(meaning)) letters.set(name, meaning);
  }
  return letters.size === 0 ? text : text.replace(NAMED, (all) => letters.get(all) ?? all);
}

/** A paragraph for each of the fields that are to be searched: the lines of the front matter in which it stands. */
function proseBlocks(text: string, fields: Readonly<Record<string, unknown>>): Block[] {
  const names = Object.keys(fields).filter((name) => PROSE.has(name.toLowerCase()) || !fitsMetadata(fields[name]));
  if (names.length === 0) return [];
  const blocks: Block[] = [];
  let at = 0;
  /** Of TOML, of which all further keys are its own. */
  let inTable = false;
  let open: { readonly start: number; end: number } | undefined;
  const close = (): void => {
    if (open !== undefined) blocks.push({ kind: 'paragraph', ...open });
    open = undefined;
  };
  for (const line of text.slice(0, frontMatter(text).end).split('\n')) {
    const table = /^\[+([^\].]+)/.exec(line)?.[1];
    const key = table ?? /^(?!-\s)["']?([^\s"':=#][^"':=]*?)["']?[ \t]*[:=]/.exec(line)?.[1];
    inTable ||= table !== undefined;
    if (table !== undefined || (key !== undefined && !inTable) || /^(?:---|\+\+\+|\.\.\.)/.test(line)) {
      close();
      if (names.includes(key ?? '')) open = { start: at, end: at };
    }
    if (open !== undefined && line.trim() !== '') open.end = at + line.trimEnd().length;
    at += line.length + 1;
  }
  close();
  return blocks;
}
