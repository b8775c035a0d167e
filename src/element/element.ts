import { searchServer } from './server-search.ts';
import { type ElementHit, StaticIndex } from './static-index.ts';

const STYLE = `
:host { display: block; position: relative; font: inherit; color: inherit }
input { box-sizing: border-box; width: 100%; padding: .5em .75em; font: inherit; color: inherit; background: transparent; border: 1px solid currentColor; border-radius: .4em }
input:focus-visible, a:focus-visible { outline: 2px solid; outline-offset: 1px }
ol { list-style: none; margin: .4em 0 0; padding: 0 }
li + li { border-top: 1px solid; border-color: color-mix(in srgb, currentColor 20%, transparent) }
a { display: block; padding: .5em .75em; color: inherit; text-decoration: none }
a:hover, a:focus { background: color-mix(in srgb, currentColor 8%, transparent) }
b { display: block }
small { display: block; opacity: .75 }
mark { background: color-mix(in srgb, gold 45%, transparent); color: inherit }
p { margin: .4em .75em; opacity: .75 }
p:empty { display: none }
`;

/** Milliseconds after the last key before a search begins. */
const PAUSE = 120;

/**
 * `<sagitta-search>`: a field to search with, and what it finds. Attributes: `src`, address of an index that `sagitta export --static` wrote; or `server`
 * and `collection` of a running `sagitta serve`. `placeholder`, `label`, and `k` (10) results. Texts of documents are data: they never become markup.
 */
export class SagittaSearchElement extends HTMLElement {
  readonly #input = document.createElement('input');
  readonly #list = document.createElement('ol');
  readonly #status = document.createElement('p');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #index: StaticIndex | undefined;
  #running = new AbortController();

  connectedCallback(): void {
    if (this.shadowRoot !== null) return;
    const root = this.attachShadow({ mode: 'open' });
    const style = document.createElement('style');
    style.textContent = STYLE;
    this.#input.type = 'search';
    const label = this.getAttribute('label') ?? 'Search';
    this.#input.setAttribute('aria-label', label);
    this.#input.placeholder = this.getAttribute('placeholder') ?? label;
    this.#status.setAttribute('role', 'status');
    this.#list.setAttribute('aria-label', 'Results');
    this.setAttribute('role', 'search');
    root.append(style, this.#input, this.#status, this.#list);
    this.#input.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#search(), PAUSE);
    });
    root.addEventListener('keydown', (event) => this.#move(event as KeyboardEvent));
  }

  disconnectedCallback(): void {
    clearTimeout(this.#timer);
    this.#running.abort();
  }

  async #search(): Promise<void> {
    this.#running.abort();
    const running = new AbortController();
    this.#running = running;
    const query = this.#input.value.trim();
    if (query === '') return this.#show([], '');
    try {
      const hits = await this.#find(query, running.signal);
      if (!running.signal.aborted) this.#show(hits, hits.length === 0 ? `Nothing found for “${query}”.` : '');
    } catch (error) {
      if (!running.signal.aborted) this.#show([], `The search failed. ${(error as Error).message}`);
    }
  }

  #find(query: string, signal: AbortSignal): Promise<ElementHit[]> {
    const k = Number(this.getAttribute('k') ?? 10) || 10;
    const server = this.getAttribute('server');
    if (server !== null) return searchServer(server, this.getAttribute('collection'), query, k, signal);
    this.#index ??= new StaticIndex(new URL(this.getAttribute('src') ?? '.', document.baseURI).href);
    return this.#index.search(query, k);
  }

  #show(hits: readonly ElementHit[], status: string): void {
    this.#status.textContent = status;
    this.#list.replaceChildren(...hits.map(itemOf));
  }

  /** Arrows move between the field and the results, Escape goes back to the field. */
  #move(event: KeyboardEvent): void {
    const links = [...this.#list.querySelectorAll('a')];
    const at = links.indexOf(this.shadowRoot!.activeElement as HTMLAnchorElement);
    const to =
      event.key === 'ArrowDown' ? at + 1 : event.key === 'ArrowUp' ? at - 1 : event.key === 'Escape' ? -1 : undefined;
    if (to === undefined || to >= links.length || (to < 0 && at < 0)) return;
    event.preventDefault();
    (links[to] ?? this.#input).focus();
  }
}

function itemOf({ url, title, headings, parts }: ElementHit): HTMLLIElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  // Only addresses that lead somewhere: a document must not bring script into a page.
  if (/^(https?:|[^:]*$|[^:/?#]*[/?#])/i.test(url)) link.href = url;
  const name = document.createElement('b');
  name.textContent = title;
  const place = document.createElement('small');
  place.textContent = headings.filter((heading) => heading !== title).join(' › ');
  const text = document.createElement('small');
  text.append(
    ...parts.map((part) => {
      if (!part.matched) return part.text;
      const mark = document.createElement('mark');
      mark.textContent = part.text;
      return mark;
    }),
  );
  link.append(name, ...(place.textContent === '' ? [] : [place]), text);
  item.append(link);
  return item;
}

/** Makes `<sagitta-search>` known to the page. Calling it again does nothing. */
export function defineSagittaSearch(): void {
  if (customElements.get('sagitta-search') === undefined) customElements.define('sagitta-search', SagittaSearchElement);
}
