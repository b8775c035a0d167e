import { type Feedback, learnedFeedback, readQueryUpdate } from '../search/index.ts';
import type { BesideFile, StoredCorpus } from '../store/types.ts';

/** The role of the file beside the manifest that holds the collection's own feedback. */
export const FEEDBACK = 'feedback';

/** What pipelines call the collection's own feedback: `feedback(learned)`. */
export const LEARNED = 'learned';

/** The feedback that was trained for a collection (`sagitta tune --what feedback`), as pipelines name it. It is read by the first search that asks for it. */
export class CollectionFeedback {
  #known: { readonly key: string; readonly feedback: Feedback } | undefined;

  /** @returns none where the collection has none. */
  of(corpus: Pick<StoredCorpus, 'beside'>): readonly Feedback[] {
    const file = corpus.beside(FEEDBACK);
    if (file === undefined) return [];
    const key = `${file.file} ${file.bytes}`;
    if (this.#known?.key !== key) this.#known = { key, feedback: readWhenAsked(file) };
    return [this.#known.feedback];
  }
}

/** A damaged file is an error of the pipelines that name it, not of all searches. */
function readWhenAsked(file: BesideFile): Feedback {
  let feedback: Feedback | undefined;
  return {
    id: LEARNED,
    refine: (...asked) => {
      feedback ??= learnedFeedback(readQueryUpdate(file.read(), file.file), { id: LEARNED });
      return feedback.refine(...asked);
    },
  };
}
