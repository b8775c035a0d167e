import { isUnseen, noteOpened, type Opened } from './html-text.ts';
import type { HtmlHandler } from './html-tokens.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const NAVIGATION_ROLES = words('navigation menu menubar search banner');
const CONTAINERS = words('div section ul ol table td header nav aside footer span center');
/** Words in classes and ids by which generators and frameworks call what surrounds the content. */
const NAVIGATION_NAME =
  /(?:^|[\s_-])(?:(?:top|main|site|page|sub|side|sphinx)?-?(?:nav|navbar|navigation|sidebar|menu|menubar)|header|banner|related|toolbar|comments)(?:$|[\s_-])/i;
/** What leads from page to page, and may name the book between the links. */
const PAGER_NAME =
  /(?:^|[\s_-])(?:docnav|navheader|navfooter|navpath|nav-?panel|(?:(?:top|main|site|page)-?)?breadcrumbs?|pager|pagination|prev-?next)(?:$|[\s_-])/i;
const FOOTER_NAME = /(?:^|[\s_-])(?:(?:site|page|main)-?)?footer(?:$|[\s_-])/i;
const BANNER_NAME = /cookie|consent|gdpr/i;
const HEADING = /^h[1-6]$/;

/** Share of linked characters from which a list of links is no prose. */
const MOSTLY_LINKS = 0.5;
/** Most characters outside links of a footer: who made the page, when, and under which terms. */
const FOOTER = { named: 300, declared: 1000 };
const LONGEST_BANNER = 1200;
/** Most characters outside links of what leads from page to page. */
const LONGEST_PAGER = 160;
/** A menu in front of everything else has at least so many links, and next to nothing else. */
const MENU = { links: 20, share: 0.95, before: 200 };

/** What people without scripts read of a page that needs them. */
const NEEDS_SCRIPTS = /script|browser/i;

type Sign = 'navigation' | 'pager' | 'footer' | 'named footer' | 'aside' | 'banner' | 'menu';

interface Candidate {
  readonly depth: number;
  readonly ordinal: number;
  readonly sign: Sign;
  /** What was read before it. */
  readonly before: Counts;
}

interface Counts {
  readonly text: number;
  readonly linked: number;
  readonly links: number;
  readonly titles: number;
  readonly headings: number;
  readonly buttons: number;
}

/**
 * Finds what surrounds the content of a page: navigation, footers, cookie banners and menus, told by element, role or
 * name *and* by what is in them: links rather than sentences. A side column of prose, a footer with footnotes, and
 * whatever holds the page's title stays. Within `<main>` and `<article>` only navigation is looked for.
 */
export class HtmlChrome implements HtmlHandler {
  /** Elements to leave out, by the number of elements opened before them. */
  readonly found = new Set<number>();
  readonly #open: Candidate[] = [];
  readonly #opened: Opened = new Set();
  #ordinal = 0;
  #depth = 0;
  #unseen = Number.POSITIVE_INFINITY;
  #content = 0;
  #inLinks = 0;
  #text = 0;
  #linked = 0;
  #links = 0;
  #titles = 0;
  #headings = 0;
  #buttons = 0;
  /** The outermost `noscript`, and its text. */
  #noscript: { readonly depth: number; readonly ordinal: number; text: string } | undefined;
  /** Depths of what holds the content. */
  readonly #contentDepths: number[] = [];

  open(name: string, attributes: ReadonlyMap<string, string>): void {
    const ordinal = this.#ordinal++;
    this.#depth++;
    if (this.#depth > this.#unseen) return;
    if (name === 'button') this.#buttons++;
    if (attributes.size > 1) noteOpened(attributes, this.#opened);
    if (isUnseen(name, attributes, this.#opened)) {
      this.#unseen = this.#depth;
      return;
    }
    if (name === 'noscript') this.#noscript ??= { depth: this.#depth, ordinal, text: '' };
    const sign = this.#signOf(name, attributes);
    if (sign !== undefined) this.#open.push({ depth: this.#depth, ordinal, sign, before: this.#counts() });
    if (name === 'main' || name === 'article' || attributes.get('role') === 'main') {
      this.#content++;
      this.#contentDepths.push(this.#depth);
    } else if (name === 'a') {
      this.#inLinks++;
      this.#links++;
    } else if (name === 'h1') this.#titles++;
    if (HEADING.test(name)) this.#headings++;
  }

  close(name: string): void {
    const depth = this.#depth--;
    if (depth > this.#unseen) return;
    if (depth === this.#unseen) {
      this.#unseen = Number.POSITIVE_INFINITY;
      return;
    }
    if (this.#noscript?.depth === depth) {
      if (NEEDS_SCRIPTS.test(this.#noscript.text)) this.found.add(this.#noscript.ordinal);
      this.#noscript = undefined;
    }
    if (name === 'a') this.#inLinks--;
    if (this.#contentDepths.at(-1) === depth) {
      this.#contentDepths.pop();
      this.#content--;
    }
    const candidate = this.#open.at(-1);
    if (candidate?.depth !== depth) return;
    this.#open.pop();
    if (this.#surrounds(candidate)) this.found.add(candidate.ordinal);
  }

  empty(name: string, attributes: ReadonlyMap<string, string>): void {
    if (name === 'input' && /^(?:button|submit)$/i.test(attributes.get('type') ?? '')) this.#buttons++;
  }

  text(text: string): void {
    if (this.#depth >= this.#unseen) return;
    let length = 0;
    for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 32) length++;
    this.#text += length;
    if (this.#noscript !== undefined && this.#noscript.text.length < LONGEST_BANNER) this.#noscript.text += text;
    if (this.#inLinks > 0) this.#linked += length;
  }

  #counts(): Counts {
    return {
      text: this.#text,
      linked: this.#linked,
      links: this.#links,
      titles: this.#titles,
      headings: this.#headings,
      buttons: this.#buttons,
    };
  }

  #signOf(name: string, attributes: ReadonlyMap<string, string>): Sign | undefined {
    const role = attributes.get('role') ?? '';
    if (name === 'nav' || role === 'navigation') return 'navigation';
    if (this.#content > 0 || role === 'main') return undefined;
    if (name === 'footer' || role === 'contentinfo') return 'footer';
    if (name === 'aside' || role === 'complementary') return 'aside';
    if (NAVIGATION_ROLES.has(role)) return 'navigation';
    if (!CONTAINERS.has(name)) return undefined;
    const names = `${attributes.get('class') ?? ''} ${attributes.get('id') ?? ''}`;
    if (names.length > 1) {
      if (BANNER_NAME.test(names)) return 'banner';
      if (PAGER_NAME.test(names)) return 'pager';
      if (NAVIGATION_NAME.test(names)) return 'navigation';
      if (FOOTER_NAME.test(names)) return 'named footer';
    }
    const isFirst = this.#headings === 0 && this.#text - this.#linked < MENU.before;
    return isFirst && (name === 'div' || name === 'td') ? 'menu' : undefined;
  }

  #surrounds({ sign, before }: Candidate): boolean {
    const text = this.#text - before.text;
    const linked = this.#linked - before.linked;
    const prose = text - linked;
    if (this.#titles > before.titles) return false;
    if (text === 0) return false;
    if (sign === 'banner') return text <= LONGEST_BANNER && this.#buttons > before.buttons;
    if (sign === 'menu') {
      return (
        this.#links - before.links >= MENU.links && linked >= MENU.share * text && this.#headings === before.headings
      );
    }
    if (linked >= MOSTLY_LINKS * text) return true;
    if (sign === 'pager') return linked > 0 && prose <= LONGEST_PAGER;
    if (sign === 'footer') return prose <= FOOTER.declared;
    return sign === 'named footer' && prose <= FOOTER.named;
  }
}
