import type { Env, MarkdownIt } from 'markdown-it';
import type { Block, BlockKind } from './blocks.ts';
import { frontMatter, loadFrontMatter } from './front-matter.ts';
import { onDemand } from './on-demand.ts';
import { textBlocks } from './text-blocks.ts';

/** The structure of a Markdown document. */
export interface MarkdownDocument {
  /** Title of the front matter, else the first heading of level 1, else the first heading. */
  readonly title?: string;
  /** Fields of the front matter (YAML or TOML). */
  readonly frontMatter?: Readonly<Record<string, unknown>>;
  /** The front matter was not sound and was read line by line. */
  readonly repaired?: true;
  /** Everything worth searching, offsets into the original text. */
  readonly blocks: Block[];
}

/** Larger files are data, not documents; they are taken as plain text. UTF-16 code units. */
const LARGEST = 5_000_000;

type ParserModule = { default: new (options: object) => MarkdownIt };
/** As `require` gives it, the package is the class itself. */
const parser = onDemand<ParserModule | ParserModule['default']>(
  'markdown-it',
  async () => (await import('markdown-it')) as ParserModule,
  'loadMarkdown()',
);

/** Loads the parsers of {@link markdownBlocks}. Only browsers have to call this; Node loads them on demand. */
export async function loadMarkdown(): Promise<void> {
  await Promise.all([parser.preload(), loadFrontMatter()]);
}

/**
 * Blocks of Markdown (CommonMark with GitHub's tables): headings, paragraphs, list items, quotes, code, tables. Whole lines,
 * so a block includes its markers (`#`, `-`, fences). Left out: front matter, link definitions, rules, HTML without words,
 * paragraphs of nothing but images and badges.
 *
 * Only the block structure is parsed, at tens of megabytes a second; inline markup is looked at only where a heading or a
 * badge is suspected. Beyond 5 million characters, or should the parser fail, the text is taken as plain paragraphs.
 *
 * @throws InvalidArgumentError in a browser, before {@link loadMarkdown} has resolved.
 */
export function markdownBlocks(text: string): MarkdownDocument {
  const { fields, end, repaired } = frontMatter(text);
  let blocks: Block[] | undefined;
  if (text.length <= LARGEST) {
    const loaded = parser.get();
    const Parser = typeof loaded === 'function' ? loaded : loaded.default;
    try {
      blocks = new BlockReader(text, end, new Parser({ html: true, maxNesting: 60 })).read();
    } catch {
      // Whatever a hostile file does to the parser, its words stay findable.
    }
  }
  blocks ??= textBlocks(text.slice(end)).map((block) => ({ ...block, start: block.start + end, end: block.end + end }));
  const headings = blocks.filter(({ kind, name }) => kind === 'heading' && name !== '');
  const declared = fields?.['title'];
  const title =
    typeof declared === 'string' && declared.trim() !== ''
      ? declared.trim()
      : (headings.find(({ level }) => level === 1) ?? headings[0])?.name;
  return {
    ...(title === undefined ? {} : { title }),
    ...(fields === undefined ? {} : { frontMatter: fields }),
    ...(repaired === undefined ? {} : { repaired }),
    blocks,
  };
}

const words = /[\p{L}\p{N}]/u;

class BlockReader {
  readonly #blocks: Block[] = [];
  readonly #lines: readonly number[];
  /** End of the last block. */
  #end = 0;

  /** @param from where the document begins, at a line's start. */
  constructor(
    readonly text: string,
    readonly from: number,
    readonly parser: MarkdownIt,
  ) {
    const lines = [from];
    for (const match of text.slice(from).matchAll(/\r\n|\r|\n/g)) lines.push(from + match.index + match[0].length);
    lines.push(text.length);
    this.#lines = lines;
  }

  read(): Block[] {
    const tokens: ReturnType<MarkdownIt['parse']> = [];
    const source = this.text
      .slice(this.from)
      .replace(/\r\n?/g, '\n')
      .replaceAll('\0', '\ufffd')
      .replace(/^\ufeff/, ' ');
    const env: Env = {};
    this.parser.block.parse(source, this.parser, env, tokens);
    /** Kinds of the containers that are open. */
    const containers: BlockKind[] = [];
    /** The outermost container, and the number of blocks when it was opened. */
    let outer: { map: [number, number]; kind: BlockKind; before: number } | undefined;
    for (let i = 0; i < tokens.length; i++) {
      const { type, map, content, tag } = tokens[i]!;
      const kind = containers.at(-1) ?? 'paragraph';
      if (type === 'bullet_list_open' || type === 'ordered_list_open' || type === 'blockquote_open') {
        const opened: BlockKind = type === 'blockquote_open' ? 'quote' : 'list-item';
        if (containers.length === 0 && map) outer = { map, kind: opened, before: this.#blocks.length };
        containers.push(opened);
      } else if (type === 'bullet_list_close' || type === 'ordered_list_close' || type === 'blockquote_close') {
        containers.pop();
        // Nested deeper than the parser follows: the words are kept all the same.
        if (containers.length === 0 && outer && outer.before === this.#blocks.length) this.#push(outer.kind, outer.map);
      } else if (type === 'heading_open' && map) {
        const name = this.#plain(tokens[i + 1]!.content, env);
        if (containers.length > 0) this.#push(kind, map);
        else this.#push('heading', map, { level: Number(tag.slice(1)), name });
      } else if (type === 'paragraph_open' && map) {
        if (!this.#isPicture(tokens[i + 1]!.content, env)) this.#push(kind, map);
      } else if ((type === 'fence' || type === 'code_block') && map) this.#push('code', map);
      else if (type === 'html_block' && map) this.#html(content, map, kind);
      else if (type === 'table_open' && map) {
        this.#push('table', map);
        while (tokens[i + 1] && tokens[i]!.type !== 'table_close') i++;
      }
    }
    return this.#blocks;
  }

  /** Adds a block of whole lines; blank edges and what an earlier block already covers are cut off. */
  #push(kind: BlockKind, [first, last]: readonly [number, number], extra: Partial<Block> = {}): void {
    let start = Math.max(this.#lines[first]!, this.#end);
    let end = Math.max(start, this.#lines[Math.min(last, this.#lines.length - 1)]!);
    while (start < end && /\s/.test(this.text[start]!)) start++;
    while (end > start && /\s/.test(this.text[end - 1]!)) end--;
    if (start === end) return;
    this.#blocks.push({ kind, start, end, ...extra });
    this.#end = end;
  }

  #html(html: string, map: [number, number], kind: BlockKind): void {
    const visible = html.replace(/<!--[\s\S]*?(?:-->|$)/g, ' ').replace(/<\/?[a-zA-Z!?][^<>]*>/g, ' ');
    if (!words.test(visible)) return;
    // Project pages like to centre their title: <h1 align="center">Name</h1>.
    const heading = /<h([1-6])\b[^<>]*>([\s\S]*)<\/h\1\s*>/i.exec(html);
    const name = visible.replace(/\s+/g, ' ').trim();
    const titled = (heading?.[2] ?? '')
      .replace(/<[^<>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
    if (heading && kind === 'paragraph' && titled === name)
      this.#push('heading', map, { level: Number(heading[1]), name });
    else this.#push(kind, map);
  }

  /** The text of inline markup, as shown. */
  #plain(markdown: string, env: Env): string {
    if (!/[*_`[\]<>&\\!~]/.test(markdown)) return markdown.trim();
    const parts: string[] = [];
    for (const token of this.parser.parseInline(markdown, env)) {
      for (const { type, content } of token.children ?? []) {
        if (type === 'text' || type === 'code_inline' || type === 'text_special') parts.push(content);
        else if (type === 'softbreak' || type === 'hardbreak') parts.push(' ');
        else if (type === 'image') parts.push(content);
      }
    }
    return parts.join('').replace(/\s+/g, ' ').trim();
  }

  /** Whether a paragraph shows nothing but images. */
  #isPicture(markdown: string, env: Env): boolean {
    const start = markdown.trimStart();
    if (!start.startsWith('!') && !start.startsWith('[') && !start.startsWith('<')) return false;
    if (!/!\[|<img|<picture|<a/i.test(markdown) || markdown.length > 20_000) return false;
    const [inline] = this.parser.parseInline(markdown, env);
    const children = inline?.children ?? [];
    const shows = children.some(
      ({ type, content }) => (type === 'text' || type === 'code_inline') && words.test(content),
    );
    return (
      !shows &&
      children.some(
        ({ type, content }) => type === 'image' || (type === 'html_inline' && /^<(?:img|picture)/i.test(content)),
      )
    );
  }
}
