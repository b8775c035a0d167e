import type { Block } from './blocks.ts';
import { textBlocks } from './text-blocks.ts';

/** Languages whose definitions are known by the lines that they begin with. */
export type LinedLanguage =
  | 'kotlin'
  | 'swift'
  | 'scala'
  | 'sql'
  | 'lua'
  | 'perl'
  | 'r'
  | 'dart'
  | 'elixir'
  | 'powershell'
  | 'groovy'
  | 'haskell';

const MODIFIERS =
  'public|private|internal|protected|fileprivate|open|override|abstract|final|sealed|static|class|inline|suspend|operator|infix|data|enum|inner|value|annotation|companion|lateinit|external|tailrec|implicit|lazy|case|mutating|nonmutating|convenience|required|indirect|async|factory|const|late|def';
const lead = String.raw`^[ \t]*(?:@[\w.]+(?:\([^()]*\))?\s+)*(?:(?:${MODIFIERS})\s+)*`;
const NAME = String.raw`(?<name>[\p{L}_$][\p{L}\p{N}_$.:!?]*)`;
const REST = String.raw`(?=[\s<({:;=\[]|$)`;

/** A line that begins a definition; `name` is its name. */
const BEGINNINGS: Readonly<Record<LinedLanguage, RegExp>> = {
  kotlin: new RegExp(
    `${lead}(?:class|interface|object|fun(?:\\s*<[^<>]*>)?|typealias)\\s+(?:[\\w<>?]+\\.)?${NAME}${REST}`,
    'u',
  ),
  swift: new RegExp(
    `${lead}(?:class|struct|enum|protocol|extension|actor|func|typealias)\\s+${NAME}${REST}|${lead}(?<alone>init|deinit|subscript)[?!]?\\s*[(<{]`,
    'u',
  ),
  scala: new RegExp(
    `${lead}(?:class|trait|object|def|type|enum)\\s+${NAME}${REST}|${lead.replace('|def', '')}def\\s+(?<alone>[\\p{L}_]\\w*)`,
    'u',
  ),
  sql: /^\s*create\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|unique|materialized|external|virtual|recursive)\s+)*(?:table|view|index|function|procedure|trigger|type|schema|sequence|database|role|extension|domain)\s+(?:if\s+not\s+exists\s+)?(?<name>["`[]?[\p{L}_][\p{L}\p{N}_.$"`\]]*)/iu,
  lua: /^\s*(?:local\s+)?function\s+(?<name>[\w.:]+)|^\s*(?:local\s+)?(?<alone>[\w.]+)\s*=\s*function\b/,
  perl: /^\s*(?:sub|package)\s+(?<name>[\w:]+)/,
  r: /^\s*(?<name>[\p{L}.][\p{L}\p{N}._]*)\s*(?:<-|=)\s*function\b/u,
  dart: new RegExp(
    `${lead}(?:class|mixin|enum|extension|typedef)\\s+${NAME}${REST}|^(?:[\\w<>?,]+\\s+)?(?<alone>[a-z]\\w*)\\([^;]*\\)\\s*(?:async\\s*)?(?:\\{|=>)`,
    'u',
  ),
  elixir: /^\s*(?:defmodule|defprotocol|defimpl|defp?|defmacrop?|defguard)\s+(?<name>[\p{L}_][\p{L}\p{N}_.!?]*)/u,
  powershell: /^\s*(?:function|filter|class|enum|workflow)\s+(?<name>[\w:-]+)/i,
  groovy: new RegExp(`${lead}(?:class|interface|trait|def|void|String|int|boolean)\\s+${NAME}(?=[\\s<({]|$)`, 'u'),
  haskell:
    /^(?<name>[a-z_][\w']*)\s*::|^(?:data|newtype|class|instance|type|module)\s+(?:\([^)]*\)\s*=>\s*)?(?<alone>[A-Z][\w.']*)/,
};

/** Lines that belong to the definition below them. */
const ABOVE = /^\s*(?:\/\/|\/?\*|#(?!!)|--|@|\[|%%)/;
/** Files beyond this are data. UTF-16 code units, and lines. */
const LARGEST = 5_000_000;
const LONGEST_LINE = 2_000;

export function isLinedLanguage(language: string): language is LinedLanguage {
  return Object.hasOwn(BEGINNINGS, language);
}

/**
 * The blocks of a source file whose language has no grammar here: a definition begins with a line that says so, and with
 * the comments and annotations directly above, and ends where the next begins. Deeper indentation is a member of what is
 * before: `name` is the path, `level` the depth from 1. What comes before the first is `code`, cut at blank lines.
 */
export function linedBlocks(text: string, language: LinedLanguage): Block[] {
  if (text.length > LARGEST) return codeParagraphs(text, 0, text.length);
  const begins = BEGINNINGS[language];
  const lines = linesOf(text);
  const found: { start: number; name: string; indent: number }[] = [];
  lines.forEach(({ start, line }, i) => {
    if (line.length > LONGEST_LINE) return;
    const groups = begins.exec(line)?.groups;
    const name = groups?.['name'] ?? groups?.['alone'];
    if (name === undefined) return;
    let from = i;
    while (from > 0 && ABOVE.test(lines[from - 1]!.line) && lines[from - 1]!.start >= (found.at(-1)?.start ?? 0) + 1)
      from--;
    found.push({ start: from === i ? start : lines[from]!.start, name: clean(name), indent: indentOf(line) });
  });
  const blocks = codeParagraphs(text, 0, found[0]?.start ?? text.length);
  const open: { indent: number; name: string }[] = [];
  found.forEach(({ start, name, indent }, i) => {
    while (open.length > 0 && open.at(-1)!.indent >= indent) open.pop();
    // Clauses of one function stand one under the other.
    open.push({ indent, name });
    const end = start + text.slice(start, found[i + 1]?.start ?? text.length).trimEnd().length;
    if (end > start) {
      const path = open.map((one) => one.name).join('.');
      blocks.push({ kind: 'definition', start, end, level: open.length, name: path });
    }
  });
  return blocks;
}

/** What blank lines separate, as code. */
function codeParagraphs(text: string, start: number, end: number): Block[] {
  return textBlocks(text.slice(start, end)).map((block) => ({
    ...block,
    kind: 'code',
    start: block.start + start,
    end: block.end + start,
    level: 1,
  }));
}

function linesOf(text: string): { readonly start: number; readonly line: string }[] {
  const lines: { start: number; line: string }[] = [];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    lines.push({ start, line: text.slice(start, end) });
    start = end + 1;
  }
  return lines;
}

function indentOf(line: string): number {
  const blank = /^[ \t]*/.exec(line)![0];
  return [...blank].reduce((sum, one) => sum + (one === '\t' ? 4 : 1), 0);
}

function clean(name: string): string {
  return name
    .replace(/["`[\]]/g, '')
    .replace(/[:.]+$/, '')
    .slice(0, 200);
}
