import type { ExtractModel } from '../answer/index.ts';
import { gatherEvidence } from '../answer/index.ts';
import { Random } from '../base/random.ts';
import type { Collection } from '../collection/index.ts';
import { nativeRuntime } from '../encode/runtime.ts';
import type { Judgements } from '../eval/index.ts';
import { readQueries } from '../eval/index.ts';
import { oneOf } from '../search/index.ts';
import { type ExtractQuestion, type JudgedPassage, judgeExtracts, learnExtracts } from '../train/index.ts';
import { number } from './output.ts';
import type { Progress } from './progress.ts';

/** Passages that a reader has to choose from, at most, but for those that answer. */
const PASSAGES = 3000;

/** What was learned, and from how many pairs. */
export interface LearnedExtracts {
  readonly model: ExtractModel;
  readonly questions: number;
  readonly pairs: number;
}

/** `sagitta learn-compressor --by preferences`: learns from what a search loses when passages are short which sentences stay, whatever is asked. */
export async function learnExtractsOf(
  collection: Pick<Collection, 'read'>,
  queries: string,
  judgements: Judgements,
  { seed, progress, signal }: { readonly seed: number; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<LearnedExtracts> {
  const asked = (await readQueries(queries)).queries;
  return collection.read(async (corpus) => {
    const questions: ExtractQuestion[] = [];
    const needed = new Set<number>();
    for (const [id, text] of asked) {
      const relevant = [...(judgements.get(id) ?? [])].flatMap(([document, grade]) => (grade > 0 ? [document] : []));
      const found: string[] = [];
      for (const document of relevant) {
        signal.throwIfAborted();
        // Of a long document, the passage that answers best.
        const filter = oneOf('id', [document]);
        const { evidence } = await gatherEvidence(corpus, text, { k: 1, syntax: false, signal, filter }, {});
        const [best] = evidence;
        if (best === undefined) continue;
        needed.add(best.passage);
        found.push(String(best.passage));
      }
      if (found.length > 0) questions.push({ text, relevant: found });
      progress.show(() => `${number(questions.length)} questions`);
    }
    const others = new Random(seed).shuffle([...(await corpus.select(() => true))]).filter((one) => !needed.has(one));
    const ordinals = [...needed, ...others.slice(0, PASSAGES)].sort((a, b) => a - b);
    const taken = await corpus.passages(ordinals);
    const documents = await corpus.documents(taken.map(({ document }) => document));
    const passages = taken.map(
      ({ text, headings }, i): JudgedPassage => ({
        id: String(ordinals[i]),
        title: documents[i]!.title,
        headings,
        text,
        language: documents[i]!.language,
      }),
    );
    const pairs = await judgeExtracts(passages, questions, {
      corpus,
      seed,
      signal,
      onProgress: (done, of) => progress.show(() => `${number(done)} of ${number(of)} kinds of extracts`),
    });
    const model = await learnExtracts(pairs, {
      runtime: await nativeRuntime(),
      seed,
      signal,
      onProgress: (step, steps) => progress.show(() => `step ${number(step)} of ${number(steps)}`),
    });
    return { model, questions: questions.length, pairs: pairs.length };
  });
}
