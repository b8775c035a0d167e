import { fuseScores, MeaningIndex, type StaticMeaning } from './meaning.ts';
import { likeness, shardOf, wordsOf } from './words.ts';

/** Format of an exported index; another one is refused. */
export const FORMAT = 3;

/** `index.json`: what is read before the first search. */
export interface StaticManifest {
  readonly format: typeof FORMAT;
  readonly passages: number;
  /** How many passages each document has, in order. */
  readonly documents: readonly number[];
  /** Passages of one file of texts. */
  readonly block: number;
  /** Names of the files of words. */
  readonly shards: readonly string[];
  /** Absent where the export has words alone. */
  readonly meaning?: StaticMeaning;
}

/** `words/NAME.json`: for each word the passages that hold it, ascending, each followed by what it counts there, in hundredths. */
export type StaticShard = Readonly<Record<string, readonly number[]>>;

/** `texts/N.json`: passages in order. */
export interface StaticPassage {
  readonly id: string;
  readonly url: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly text: string;
}

/** A document that answers, by its best passage. */
export interface ElementHit {
  readonly id: string;
  readonly url: string;
  readonly title: string;
  readonly headings: readonly string[];
  /** Parts of the text around what matched, in order. */
  readonly parts: readonly { readonly text: string; readonly matched: boolean }[];
}

/** Characters of a text that is shown. */
const SHOWN = 200;

/** Searches an index that `sagitta export --static` wrote, and fetches only the words and texts that a query needs. */
export class StaticIndex {
  readonly #base: string;
  readonly #read = new Map<string, Promise<unknown>>();
  #meaning: MeaningIndex | undefined;
  #documents: Uint32Array | undefined;

  /** @param base address of the folder. @param load reads a file of it; default `fetch`. */
  constructor(
    base: string,
    private readonly load: (address: string) => Promise<unknown> = fetchJson,
  ) {
    this.#base = base.replace(/\/*$/, '/');
  }

  /**
   * Up to k documents, best first: by their words, other forms of them, and what the last one may be the beginning of; and by meaning, where the
   * export has it.
   */
  async search(query: string, k = 10): Promise<ElementHit[]> {
    const manifest = await this.#file<StaticManifest>('index.json');
    if (manifest.format !== FORMAT)
      throw new Error('The index is of another version than this script. Export it again.');
    const asked = [...new Set(wordsOf(query).map(({ word }) => word))];
    const shards = new Set(manifest.shards);
    const { meaning } = manifest;
    if (meaning !== undefined)
      this.#meaning ??= new MeaningIndex(meaning, manifest.passages, (name) => this.#file(name));
    // Beside the words. Without its files the words remain.
    const comparing = this.#meaning?.cosines(asked).catch(() => undefined);
    const held = await Promise.all(
      asked.map(async (word) => {
        const name = shardOf(word);
        const names =
          word.length > 1 ? (shards.has(name) ? [name] : []) : manifest.shards.filter((one) => one.startsWith(name));
        return Promise.all(names.slice(0, MOST_SHARDS).map((one) => this.#file<StaticShard>(`words/${one}.json`)));
      }),
    );
    const scores = new Map<number, number>();
    const found = new Set<string>();
    // What the words could reach together, those that no passage holds included.
    let limit = 0;
    const rarityIn = (passages: number): number => Math.log1p((manifest.passages - passages + 0.5) / (passages + 0.5));
    asked.forEach((word, i) => {
      limit += rarityIn((held[i]!.find((shard) => Object.hasOwn(shard, word))?.[word]?.length ?? 0) / 2);
      const best = new Map<number, number>();
      for (const shard of held[i]!) {
        for (const [other, postings] of Object.entries(shard)) {
          const like = likeness(word, other, i === asked.length - 1);
          if (like === 0) continue;
          found.add(other);
          const rarity = rarityIn(postings.length / 2);
          for (let at = 0; at < postings.length; at += 2) {
            const score = (like * rarity * postings[at + 1]!) / 100;
            if (score > (best.get(postings[at]!) ?? 0)) best.set(postings[at]!, score);
          }
        }
      }
      for (const [passage, score] of best) scores.set(passage, (scores.get(passage) ?? 0) + score);
    });
    const cosines = await comparing;
    const byWords = (): number[] => [...scores].sort(([a, x], [b, y]) => y - x || a - b).map(([passage]) => passage);
    const ranked = cosines === undefined ? byWords() : fuseScores(scores, limit, cosines, meaning!.share);
    this.#documents ??= documentsOf(manifest);
    const best = new Map<number, number>();
    for (const passage of ranked) {
      const document = this.#documents[passage]!;
      if (!best.has(document)) best.set(document, passage);
      if (best.size === k) break;
    }
    const passages = await Promise.all([...best.values()].map((passage) => this.#passage(passage, manifest.block)));
    return passages.map(({ text, ...passage }) => ({ ...passage, parts: partsOf(text, found) }));
  }

  async #passage(passage: number, block: number): Promise<StaticPassage> {
    const texts = await this.#file<readonly StaticPassage[]>(`texts/${Math.floor(passage / block)}.json`);
    return texts[passage % block]!;
  }

  /** Each file is read once. */
  #file<T>(name: string): Promise<T> {
    let reading = this.#read.get(name);
    if (reading === undefined) {
      reading = this.load(this.#base + name);
      this.#read.set(name, reading);
      reading.catch(() => this.#read.delete(name));
    }
    return reading as Promise<T>;
  }
}

/** The document of each passage. */
function documentsOf({ passages, documents }: StaticManifest): Uint32Array {
  const found = new Uint32Array(passages);
  let at = 0;
  documents.forEach((count, document) => {
    found.fill(document, at, at + count);
    at += count;
  });
  return found;
}

/** Files of words that are read for one that has a single character so far. */
const MOST_SHARDS = 40;

async function fetchJson(address: string): Promise<unknown> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} cannot be read (${response.status}).`);
  return response.json();
}

/** The text around the first match, divided where words match. */
function partsOf(text: string, found: ReadonlySet<string>): ElementHit['parts'] {
  const matches = wordsOf(text).filter(({ word }) => found.has(word));
  const first = matches[0]?.start ?? 0;
  let start = Math.max(0, first - 40);
  if (start > 0) start = text.indexOf(' ', start) + 1 || start;
  start = Math.min(start, first);
  const end = Math.min(text.length, start + SHOWN);
  const parts: { text: string; matched: boolean }[] = [];
  let at = start;
  const add = (to: number, matched: boolean): void => {
    if (to > at) parts.push({ text: text.slice(at, to), matched });
    at = Math.max(at, to);
  };
  for (const match of matches) {
    if (match.end > end) break;
    add(match.start, false);
    add(match.end, true);
  }
  add(end, false);
  if (start > 0) parts.unshift({ text: '… ', matched: false });
  if (end < text.length) parts.push({ text: ' …', matched: false });
  return parts;
}
