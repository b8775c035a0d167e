import type { TokenizerCallbacks } from 'htmlparser2';

/** Receives the elements and texts of an HTML document in order; every `open` is matched by one `close`. */
export interface HtmlHandler {
  open(name: string, attributes: ReadonlyMap<string, string>): void;
  close(name: string): void;
  /** An element that has no content: `br`, `img`, `meta`. */
  empty(name: string, attributes: ReadonlyMap<string, string>): void;
  /** Entities are decoded. One run of text may come in several pieces. */
  text(text: string): void;
}

const EMPTY_ELEMENTS = new Set(
  'area base basefont br col command embed frame hr img input isindex keygen link meta param source track wbr'.split(
    ' ',
  ),
);

/** Opening the key closes an open element of `closes`, unless one of `within` stands between. */
interface Implied {
  readonly closes: ReadonlySet<string>;
  readonly within: ReadonlySet<string>;
}
const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));
const closesParagraph: Implied = {
  closes: words('p'),
  within: words('html body table td th caption button object template li dd div section article blockquote'),
};
const IMPLIED: ReadonlyMap<string, Implied> = new Map<string, Implied>([
  ['li', { closes: words('li'), within: words('ul ol menu table html body') }],
  ['dt', { closes: words('dt dd'), within: words('dl table html body') }],
  ['dd', { closes: words('dt dd'), within: words('dl table html body') }],
  ['td', { closes: words('td th'), within: words('tr table html body') }],
  ['th', { closes: words('td th'), within: words('tr table html body') }],
  ['tr', { closes: words('tr'), within: words('table html body') }],
  ['thead', { closes: words('thead tbody tfoot'), within: words('table html body') }],
  ['tbody', { closes: words('thead tbody tfoot'), within: words('table html body') }],
  ['tfoot', { closes: words('thead tbody tfoot'), within: words('table html body') }],
  ['option', { closes: words('option'), within: words('select html body') }],
  ['body', { closes: words('head'), within: words('body') }],
  ...(
    'p h1 h2 h3 h4 h5 h6 address article aside blockquote details div dl fieldset figcaption figure footer form header ' +
    'hr main nav ol pre section table ul'
  )
    .split(' ')
    .map((name) => [name, closesParagraph] as const),
]);
/** How far an omitted end tag is looked for; a bound, so that hostile nesting costs linear time. */
const REACH = 32;
const NONE: ReadonlyMap<string, string> = new Map();

/** Whether a page is written in XML (XHTML), where an element may be closed as it is opened: `<title/>`. */
export function isXhtml(html: string): boolean {
  return /^\ufeff?\s*<\?xml\s|<html\b[^>]*\bxmlns\s*=\s*["']http:\/\/www\.w3\.org\/1999\/xhtml["']/i.test(
    html.slice(0, 4096),
  );
}

/**
 * Turns HTML into a balanced sequence of calls, as browsers would read it where it matters for text: omitted and
 * unmatched end tags, raw text elements, entities. In contrast to a tree builder it takes time and memory linear in
 * the input and no stack, however deep the nesting.
 *
 * @param isXml whether `<name/>` has no content, whatever its name; in HTML the slash counts in drawings and formulas alone.
 */
export async function parseHtml(html: string, handler: HtmlHandler, isXml = false): Promise<void> {
  const { Tokenizer } = await import('htmlparser2');
  const stack: string[] = [];
  const openCount = new Map<string, number>();
  let name = '';
  let attributes: Map<string, string> | undefined;
  let attributeName = '';
  let attributeValue = '';
  // Stretches of text that follow one another are passed on as one.
  let textStart = 0;
  let textEnd = 0;

  const flushText = (): void => {
    if (textEnd > textStart) handler.text(html.slice(textStart, textEnd));
    textStart = textEnd;
  };
  const addText = (start: number, end: number): void => {
    if (start !== textEnd) {
      flushText();
      textStart = start;
    }
    textEnd = end;
  };
  const pop = (): void => {
    const closed = stack.pop()!;
    openCount.set(closed, openCount.get(closed)! - 1);
    handler.close(closed);
  };
  const popTo = (index: number): void => {
    while (stack.length > index) pop();
  };
  const closeImplied = (opening: string): void => {
    const rule = IMPLIED.get(opening);
    if (rule === undefined) return;
    for (let i = stack.length - 1; i >= 0 && i >= stack.length - REACH; i--) {
      const open = stack[i]!;
      if (rule.closes.has(open)) {
        popTo(i);
        return;
      }
      if (rule.within.has(open)) return;
    }
  };
  const opened = (selfClosing: boolean): void => {
    flushText();
    const found = attributes ?? NONE;
    attributes = undefined;
    closeImplied(name);
    if (EMPTY_ELEMENTS.has(name)) {
      handler.empty(name, found);
      return;
    }
    handler.open(name, found);
    stack.push(name);
    openCount.set(name, (openCount.get(name) ?? 0) + 1);
    if (selfClosing && (isXml || (openCount.get('svg') ?? 0) > 0 || (openCount.get('math') ?? 0) > 0)) pop();
  };

  const callbacks: TokenizerCallbacks = {
    ontext: addText,
    ontextentity: (codePoint) => {
      flushText();
      handler.text(character(codePoint));
    },
    onopentagname: (start, end) => {
      name = html.slice(start, end).toLowerCase();
    },
    onopentagend: () => opened(false),
    onselfclosingtag: () => opened(true),
    onclosetag: (start, end) => {
      flushText();
      const closing = html.slice(start, end).toLowerCase();
      if (closing === 'br') handler.empty('br', NONE);
      else if ((openCount.get(closing) ?? 0) > 0) popTo(stack.lastIndexOf(closing));
    },
    onattribname: (start, end) => {
      attributeName = html.slice(start, end).toLowerCase();
      attributeValue = '';
    },
    onattribdata: (start, end) => {
      attributeValue += html.slice(start, end);
    },
    onattribentity: (codePoint) => {
      attributeValue += character(codePoint);
    },
    onattribend: () => {
      attributes ??= new Map();
      if (!attributes.has(attributeName)) attributes.set(attributeName, attributeValue);
    },
    oncdata: (start, end, offset) => addText(start, end - offset),
    oncomment: () => {},
    ondeclaration: () => {},
    onprocessinginstruction: () => {},
    onend: () => {
      flushText();
      popTo(0);
    },
  };
  const tokenizer = new Tokenizer({ xmlMode: false, decodeEntities: true }, callbacks);
  tokenizer.write(html);
  tokenizer.end();
}

/** What an entity stands for; half a surrogate pair is no character. */
export function character(codePoint: number): string {
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? '\uFFFD' : String.fromCodePoint(codePoint);
}
