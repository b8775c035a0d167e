import { type Corpus, fieldOf, WORDS } from '../corpus/index.ts';
import type { Evidence } from './types.ts';

/** Characters of a title below which it is found in texts by chance. */
const SHORTEST = 4;
/** A title whose rarest word so large a share of passages holds says nothing where it is found; up to `FEW` passages may. */
const COMMON = 0.05;
const FEW = 20;

/**
 * Which passages lead to each other, without a model: by the titles of their documents, which texts name that speak of the same. Titles count as they are written, as whole words, without what
 * stands in brackets behind them (`Lilu (mythology)`), where they are rare enough to mean something.
 */
export class Links {
  readonly #corpus: Corpus;
  readonly #titles = new Map<string, Promise<string | undefined>>();

  constructor(corpus: Corpus) {
    this.#corpus = corpus;
  }

  /** @returns whether `from` names the document of `to`. */
  async leads(from: Evidence, to: Evidence): Promise<boolean> {
    if (from.id === to.id) return false;
    let title = this.#titles.get(to.id);
    if (title === undefined) {
      title = this.#telling(to);
      this.#titles.set(to.id, title);
    }
    const name = await title;
    return name !== undefined && names(from.text, name);
  }

  async #telling({ title, language }: Evidence): Promise<string | undefined> {
    const name = title.replace(/\s*[(（][^()（）]*[)）]\s*$/u, '').trim();
    if (name.length < SHORTEST) return undefined;
    const { analysis } = fieldOf(this.#corpus, WORDS, ['terms']);
    const terms = analysis.analyzerOf(language).terms(name);
    if (terms.length === 0) return undefined;
    const rarest = Math.min(...(await this.#corpus.frequencies(WORDS, terms)));
    return rarest <= Math.max(FEW, COMMON * this.#corpus.passageCount) ? name : undefined;
  }
}

/** Whether a text holds a name as whole words; scripts without spaces have none to tell apart. */
function names(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!LETTER.test(text[at - 1] ?? '') && !LETTER.test(text[at + name.length] ?? '')) return true;
    if (UNSPACED.test(name)) return true;
  }
  return false;
}

const LETTER = /[\p{L}\p{N}]/u;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
