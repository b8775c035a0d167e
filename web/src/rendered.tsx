import MarkdownIt from 'markdown-it';
import { type ComponentChildren, h, type JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { DocumentAnswer } from './api.ts';
import { Picture } from './picture.tsx';
import { pictureSource } from './picture-source.ts';
import { type SafeElement, type SafeNode, safeTree } from './safe.ts';
import { directionOf, visible } from './text.ts';

const markdown = new MarkdownIt({ html: true, linkify: true, typographer: false });
// Which lines a block came from, so that passages can be shown in their places.
markdown.core.ruler.push('lines', ({ tokens }) => {
  for (const token of tokens) {
    if (token.map !== null && token.nesting >= 0) token.attrSet('data-lines', `${token.map[0]}-${token.map[1]}`);
  }
});

/** Forms of words that are marked, at most. */
const MOST_FORMS = 200;
/** Scripts without spaces between words: there a word may begin anywhere. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

export interface RenderedProps {
  readonly document: DocumentAnswer;
  readonly collection: string;
  /** The passage in view. */
  readonly passage: { readonly start: number; readonly end: number } | undefined;
  /** The address of a passage. */
  readonly addressOf: (start: number) => string;
  readonly onPassage: (start: number) => void;
  /** The address of another document, and a way there. */
  readonly onDocument: (id: string) => void;
}

/** A document in Markdown as it is meant to look, with the words of the query and the passage in view marked. */
export function Rendered(props: RenderedProps): JSX.Element {
  const { document, passage } = props;
  const tree = useMemo(() => safeTree(markdown.render(withoutFrontMatter(document.text))), [document]);
  const context = useMemo(() => contextOf(props), [document, passage, props.addressOf]);
  // A new set for every time it is drawn: a passage has one link, before the first block in its line.
  const drawn = { ...context, anchored: new Set<number>() };
  return <>{tree.map((node, i) => toElement(node, drawn, String(i), false))}</>;
}

interface Context extends RenderedProps {
  /** Lines of the passage in view, `to` exclusive. */
  readonly here: { readonly from: number; readonly to: number } | undefined;
  /** Passages by the line that they begin in. */
  readonly begins: ReadonlyMap<number, number>;
  readonly anchored: Set<number>;
  readonly words: RegExp | undefined;
}

function contextOf(props: RenderedProps): Omit<Context, 'anchored'> {
  const { document, passage } = props;
  const { text, passages = [], marks = [] } = document;
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineOf = (offset: number): number => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
  };
  return {
    ...props,
    here:
      passage === undefined
        ? undefined
        : { from: lineOf(passage.start), to: lineOf(Math.max(passage.start, passage.end - 1)) + 1 },
    begins: new Map(passages.map(({ start }) => [lineOf(start), start] as const).reverse()),
    words: wordsOf(text, marks),
  };
}

function wordsOf(text: string, marks: readonly { readonly start: number; readonly end: number }[]): RegExp | undefined {
  const forms = new Set(marks.map(({ start, end }) => text.slice(start, end).toLowerCase()));
  if (forms.size === 0) return undefined;
  const parts = [...forms]
    .slice(0, MOST_FORMS)
    .sort((a, b) => b.length - a.length)
    .map((form) => {
      const escaped = form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      return UNSPACED.test(form) ? escaped : `(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`;
    });
  return new RegExp(`(${parts.join('|')})`, 'giu');
}

/** Front matter is shown among the facts. As many empty lines stand in its place, so that lines keep their numbers. */
function withoutFrontMatter(text: string): string {
  const match = /^\ufeff?(---|\+\+\+)[ \t]*\r?\n[\s\S]*?\r?\n\1[ \t]*(\r?\n|$)/.exec(text);
  if (match === null) return text;
  return '\n'.repeat(match[0].split('\n').length - 1) + text.slice(match[0].length);
}

/** The page's own headings end with h2. */
const LEVELS: Readonly<Record<string, string>> = { h1: 'h3', h2: 'h4', h3: 'h5', h4: 'h6', h5: 'h6', h6: 'h6' };

function toElement(node: SafeNode, context: Context, key: string, marked: boolean): ComponentChildren {
  if (typeof node === 'string') return markedText(node, context.words, key);
  const { tag, attributes, lines } = node;
  const { here } = context;
  const isHere =
    !marked &&
    here !== undefined &&
    lines !== undefined &&
    lines.from >= here.from &&
    lines.to <= here.to + 1 &&
    lines.from < here.to;
  const inside = (): ComponentChildren[] =>
    node.children.map((child, i) => toElement(child, context, `${key}.${i}`, marked || isHere));
  if (tag === 'img') return image(attributes, context, key);
  if (tag === 'a') return link(node, attributes, inside(), context, key);
  const props: Record<string, unknown> = { key };
  for (const name of ['title', 'dir', 'colspan', 'rowspan', 'start', 'open']) {
    if (attributes[name] !== undefined) props[name] = name === 'open' ? true : attributes[name];
  }
  const classes = [
    ...(isHere ? ['here'] : []),
    ...(attributes['align'] === undefined ? [] : [`to-${attributes['align']}`]),
  ];
  if (classes.length > 0) props['class'] = classes.join(' ');
  if (/^(p|h[1-6]|li|td|th|blockquote|dd|dt)$/.test(tag) && props['dir'] === undefined) {
    const direction = directionOf(textOf(node));
    if (direction === 'rtl') props['dir'] = direction;
  }
  if (/^h[1-6]$/.test(tag)) props['id'] = `part-${slugOf(textOf(node))}`;
  const children = inside();
  const begins = lines === undefined ? undefined : context.begins.get(lines.from);
  if (
    begins !== undefined &&
    lines !== undefined &&
    !context.anchored.has(begins) &&
    /^(p|h[1-6]|pre|blockquote)$/.test(tag)
  ) {
    context.anchored.add(begins);
    children.unshift(<PassageLink key="anchor" start={begins} context={context} />);
  }
  if (tag === 'table') {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
      <section key={key} class="wide" tabIndex={0} aria-label="Table">
        {h('table', props, children)}
      </section>
    );
  }
  if (tag === 'pre') props['tabIndex'] = 0;
  if (/^(br|hr|wbr)$/.test(tag)) return h(tag, props);
  return h(LEVELS[tag] ?? tag, props, children);
}

function PassageLink({ start, context }: { readonly start: number; readonly context: Context }): JSX.Element {
  return (
    <a
      class="anchor"
      href={context.addressOf(start)}
      title="Link to this passage"
      aria-label="Link to this passage"
      tabIndex={-1}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        context.onPassage(start);
      }}
    >
      ¶
    </a>
  );
}

function image(
  attributes: Readonly<Record<string, string>>,
  { collection, document }: Context,
  key: string,
): ComponentChildren {
  const { src = '', alt = '' } = attributes;
  const place = pictureSource(src);
  const reachable = place !== undefined && ('data' in place || document.original === true);
  if (reachable) return <Picture key={key} collection={collection} id={document.id} source={src} alt={visible(alt)} />;
  // What lies elsewhere is not fetched: whoever keeps it would learn who reads this.
  const what = alt === '' ? 'Picture' : `Picture: ${alt}`;
  if (!/^https?:\/\//i.test(src) || !URL.canParse(src))
    return (
      <span key={key} class="no-picture">
        {visible(what)}
      </span>
    );
  return (
    <a key={key} class="no-picture" href={src} target="_blank" rel="noopener noreferrer nofollow">
      {visible(what)}
    </a>
  );
}

function link(
  node: SafeElement,
  { href, title }: Readonly<Record<string, string>>,
  children: ComponentChildren[],
  { document, onDocument }: Context,
  key: string,
): ComponentChildren {
  if (href === undefined || (textOf(node).trim() === '' && !node.children.some((child) => typeof child !== 'string'))) {
    return <span key={key}>{children}</span>;
  }
  if (/^(https?:|mailto:|\/\/)/i.test(href)) {
    return (
      <a key={key} href={href} title={title ?? href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
    );
  }
  if (href.startsWith('#')) {
    return (
      <a
        key={key}
        href={href}
        onClick={(event) => {
          event.preventDefault();
          const part = event.currentTarget
            .closest('.text')
            ?.querySelector(`#part-${CSS.escape(slugOf(decoded(href.slice(1))))}`);
          part?.scrollIntoView({ block: 'start' });
        }}
      >
        {children}
      </a>
    );
  }
  const id = idOf(document.path ?? document.id, href);
  return (
    <a
      key={key}
      href={href}
      title={`Open ${id}`}
      onClick={(event) => {
        event.preventDefault();
        onDocument(id);
      }}
    >
      {children}
    </a>
  );
}

/** The id of the document that a relative link means. */
function idOf(from: string, href: string): string {
  const path = decoded(href.split(/[?#]/, 1)[0]!);
  const parts = path.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function textOf(node: SafeNode): string {
  return typeof node === 'string' ? node : node.children.map(textOf).join('');
}

/** As GitHub makes the addresses of headings. */
function slugOf(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

function markedText(text: string, words: RegExp | undefined, key: string): ComponentChildren {
  const shown = visible(text);
  if (words === undefined) return shown;
  const parts = shown.split(words);
  if (parts.length === 1) return shown;
  return parts.map((part, i) => (i % 2 === 1 ? <mark key={`${key}.${i}`}>{part}</mark> : part));
}
