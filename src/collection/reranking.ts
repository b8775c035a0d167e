import type { CrossEncoder } from '../encode/cross/cross.ts';
import { readCross } from '../encode/cross/weights.ts';
import { crossReranker } from '../rerank/index.ts';
import type { Reranker } from '../search/index.ts';
import type { BesideFile, StoredCorpus } from '../store/types.ts';

/** The role of the file beside the manifest that holds the collection's own cross-encoder. */
export const RERANKER = 'reranker';

/** What pipelines call the collection's own cross-encoder. */
export const CROSS = 'cross';

/**
 * The cross-encoder that was trained for a collection (`sagitta tune --what reranker`), as pipelines name it. It is read, and its model loaded, by the first search
 * that ranks by it; what is loaded serves all states of the collection that have the same one.
 */
export class CollectionReranker {
  #known: { readonly key: string; readonly reranker: Reranker } | undefined;
  readonly #opened = new Set<CrossEncoder>();

  /** @returns none where the collection has none. */
  of(corpus: Pick<StoredCorpus, 'beside'>): readonly Reranker[] {
    const file = corpus.beside(RERANKER);
    if (file === undefined) return [];
    const key = `${file.file} ${file.bytes}`;
    if (this.#known?.key !== key) this.#known = { key, reranker: this.#rerankerOf(file) };
    return [this.#known.reranker];
  }

  #rerankerOf(file: BesideFile): Reranker {
    let made: Reranker | undefined;
    const reranker = (): Reranker => {
      if (made !== undefined) return made;
      const weights = readCross(file.read(), file.file);
      const open = async () => {
        const { openCross } = await import('../encode/cross/open.ts');
        const cross = await openCross('the cross-encoder of this collection', weights);
        this.#opened.add(cross);
        return cross;
      };
      made = crossReranker(open, { id: CROSS, ...weights.suggested });
      return made;
    };
    // A damaged file is an error of the pipelines that name it, not of all searches.
    return {
      id: CROSS,
      get depth() {
        return reranker().depth!;
      },
      get weight() {
        return reranker().weight!;
      },
      get budgetMs() {
        return reranker().budgetMs!;
      },
      score: (...given) => reranker().score(...given),
    };
  }

  async dispose(): Promise<void> {
    this.#known = undefined;
    const opened = [...this.#opened];
    this.#opened.clear();
    for (const cross of opened) await cross.dispose();
  }
}
