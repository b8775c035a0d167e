import { Parser } from 'htmlparser2';

/**
 * HTML of documents as a tree of what is harmless. Only elements and attributes of the lists below come out, as data, from which the page
 * builds elements of its own: no markup of a document is ever given to the browser as markup, and so nothing hangs on its parser and ours
 * reading alike.
 */
export type SafeNode = string | SafeElement;

export interface SafeElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly SafeNode[];
  /** Lines of the source that it came from, `to` exclusive. */
  readonly lines: { readonly from: number; readonly to: number } | undefined;
}

/** What comes out as it is. Everything else gives its children up, or goes with them. */
const KEPT = new Set(
  (
    'p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre code em strong b i u s del ins sub sup kbd samp var abbr cite q small mark br hr ' +
    'table caption thead tbody tfoot tr th td figure figcaption details summary a img div span ruby rt rp bdi bdo wbr time'
  ).split(' '),
);
/** What goes with all that is in it. */
const GONE = new Set(
  (
    'script style template noscript iframe frame frameset object embed applet param svg math form input button select option textarea label fieldset ' +
    'audio video source track canvas dialog slot portal link meta base title head map area'
  ).split(' '),
);
const SCHEMES = /^(https?|mailto)$/i;
/** Elements inside each other, at most: more is no document. */
const DEEPEST = 100;
const MOST = 50_000;

/** An element that is open while its children are read. */
interface Open {
  readonly children: SafeNode[];
  readonly element:
    | { readonly tag: string; readonly attributes: Record<string, string>; readonly lines: SafeElement['lines'] }
    | undefined;
}

/** @param html of a document; anything. */
export function safeTree(html: string): readonly SafeNode[] {
  let left = MOST;
  /** Depth of elements that are left out with all that is in them. */
  let gone = 0;
  const root: SafeNode[] = [];
  const open: Open[] = [];
  const add = (node: SafeNode): void => {
    if (left-- > 0) (open.at(-1)?.children ?? root).push(node);
  };
  const parser = new Parser({
    onopentag(tag, attributes) {
      if (gone > 0 || GONE.has(tag)) {
        gone++;
        return;
      }
      const kept = KEPT.has(tag) && open.length < DEEPEST;
      open.push({
        children: [],
        element: kept ? { tag, attributes: attributesOf(tag, attributes), lines: linesOf(attributes) } : undefined,
      });
    },
    ontext(text) {
      if (gone > 0) return;
      const siblings = open.at(-1)?.children ?? root;
      const last = siblings.at(-1);
      if (typeof last === 'string') siblings[siblings.length - 1] = last + text;
      else add(text);
    },
    onclosetag() {
      if (gone > 0) {
        gone--;
        return;
      }
      const closed = open.pop();
      if (closed?.element === undefined) closed?.children.forEach(add);
      else add({ ...closed.element, children: closed.children });
    },
  });
  parser.end(html);
  return root;
}

function attributesOf(tag: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const out: Record<string, string> = {};
  const take = (name: string, allowed: RegExp): void => {
    const value = given[name];
    if (value !== undefined && allowed.test(value)) out[name] = value;
  };
  take('title', /^[\s\S]{0,500}$/);
  take('dir', /^(ltr|rtl|auto)$/);
  if (tag === 'a') {
    // Browsers pass over blanks and control characters within an address.
    const href = (given['href'] ?? '').replace(/[\p{Cc}\p{Z}]+/gu, '');
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(href)?.[1];
    if (href !== '' && (scheme === undefined || SCHEMES.test(scheme))) out['href'] = href;
  }
  if (tag === 'img') {
    take('src', /^[\s\S]{1,2000000}$/);
    take('alt', /^[\s\S]{0,1000}$/);
  }
  if (tag === 'td' || tag === 'th') {
    take('colspan', /^\d{1,3}$/);
    take('rowspan', /^\d{1,3}$/);
    const own = /text-align:\s*(left|right|center)/.exec(given['style'] ?? '')?.[1] ?? given['align'];
    if (own !== undefined && /^(left|right|center)$/.test(own)) out['align'] = own;
  }
  if (tag === 'ol') take('start', /^\d{1,6}$/);
  if (tag === 'details') take('open', /^/);
  return out;
}

/** Lines that the renderer noted; a document that pretends to have some only marks itself. */
function linesOf(attributes: Readonly<Record<string, string>>): SafeElement['lines'] {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(attributes['data-lines'] ?? '');
  return match === null ? undefined : { from: Number(match[1]), to: Number(match[2]) };
}
