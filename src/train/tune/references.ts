import type { TuneCorpus } from './corpus.ts';
import type { TuneExample } from './examples.ts';

/** Fewer words than this are taken for an id alone, never for a text. */
const FEWEST_WORDS = 3;
/** Documents that are looked at for a text. */
const CANDIDATES = 20;
/** Words of a text that are searched for. */
const WORDS = 64;

/**
 * Finds what examples mean by their documents: an id; the id of a record where no other file has one of that name (`7` for
 * `export.jsonl#7`); or a text that stands in a document, spacing and case aside, which then means every document that
 * holds it. What is not found stays as it is.
 */
export async function resolveExamples(corpus: TuneCorpus, examples: readonly TuneExample[]): Promise<TuneExample[]> {
  const finder = new DocumentFinder(corpus);
  const all = async (references: readonly string[]): Promise<string[]> => {
    const found: string[] = [];
    for (const reference of references) found.push(...(await finder.find(reference)));
    return found;
  };
  const resolved: TuneExample[] = [];
  for (const { query, relevant, negatives } of examples) {
    resolved.push({
      query,
      relevant: await all(relevant),
      ...(negatives === undefined ? {} : { negatives: await all(negatives) }),
    });
  }
  return resolved;
}

class DocumentFinder {
  #records: Map<string, string | undefined> | undefined;
  readonly #texts = new Map<string, readonly string[]>();

  constructor(private readonly corpus: TuneCorpus) {}

  async find(reference: string): Promise<readonly string[]> {
    const { snapshot } = this.corpus;
    if (snapshot.findDocument(reference) !== undefined) return [reference];
    const record = this.#recordIds().get(reference);
    if (record !== undefined) return [record];
    if (wordsOf(reference).length < FEWEST_WORDS) return [reference];
    let found = this.#texts.get(reference);
    if (found === undefined) {
      found = await this.#holding(reference);
      this.#texts.set(reference, found);
    }
    return found.length === 0 ? [reference] : found;
  }

  async #holding(text: string): Promise<string[]> {
    const { snapshot, lexical } = this.corpus;
    const wanted = plain(text);
    const { hits } = await lexical({ content: wordsOf(text).slice(0, WORDS).join(' ') }, { k: CANDIDATES });
    const documents = new Set(hits.map(({ passage }) => snapshot.passage(passage).document));
    return [...documents].flatMap((ordinal) => {
      const { id, title } = snapshot.document(ordinal);
      return plain(`${title} ${snapshot.documentText(ordinal)}`).includes(wanted) ? [id] : [];
    });
  }

  /** Full ids by what stands after `#`; undefined where several documents share it. */
  #recordIds(): ReadonlyMap<string, string | undefined> {
    if (this.#records !== undefined) return this.#records;
    const records = new Map<string, string | undefined>();
    const { snapshot } = this.corpus;
    for (const ordinal of snapshot.liveDocuments()) {
      const { id } = snapshot.document(ordinal);
      const at = id.lastIndexOf('#');
      if (at < 0) continue;
      const name = id.slice(at + 1);
      records.set(name, records.has(name) ? undefined : id);
    }
    this.#records = records;
    return records;
  }
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}
