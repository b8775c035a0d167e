import type { HtmlHandler } from './html-tokens.ts';

const NONE: ReadonlyMap<string, string> = new Map();

type Call =
  | { readonly kind: 'open'; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly kind: 'empty'; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly name: string };

/** Keeps what a handler of HTML would be told, for formats that say too late what an element is. */
export class HtmlRecording implements HtmlHandler {
  readonly #calls: Call[] = [];

  open(name: string, attributes: ReadonlyMap<string, string> = NONE): void {
    this.#calls.push({ kind: 'open', name, attributes });
  }

  close(name: string): void {
    this.#calls.push({ kind: 'close', name });
  }

  empty(name: string, attributes: ReadonlyMap<string, string> = NONE): void {
    this.#calls.push({ kind: 'empty', name, attributes });
  }

  text(text: string): void {
    if (text !== '') this.#calls.push({ kind: 'text', name: text });
  }

  /** An element with nothing but text. */
  element(name: string, text: string, attributes: ReadonlyMap<string, string> = NONE): void {
    this.open(name, attributes);
    this.text(text);
    this.close(name);
  }

  replay(handler: HtmlHandler): void {
    for (const call of this.#calls) {
      if (call.kind === 'text') handler.text(call.name);
      else if (call.kind === 'close') handler.close(call.name);
      else if (call.kind === 'open') handler.open(call.name, call.attributes);
      else handler.empty(call.name, call.attributes);
    }
  }
}
