import type { Random } from '../../base/random.ts';
import type { TuneCorpus } from './corpus.ts';
import { checkExamples, checkLeaks, FEWEST_TESTED, type TuneExample } from './examples.ts';
import { resolveExamples } from './references.ts';
import { syntheticExamples } from './synthetic.ts';
import type { TuneOptions } from './types.ts';

/** Examples by what they are for; no query is in two of the lists. */
export interface Divided {
  readonly train: readonly TuneExample[];
  readonly validation: readonly TuneExample[];
  readonly test: readonly TuneExample[];
  /** Lines that said the same as another. */
  readonly duplicates: number;
}

/**
 * Examples of a run: what is named is looked for, a quarter (at most 1,000) is held out for the test unless there is one, and three twentieths (at most 300)
 * choose what is kept. @throws InvalidArgumentError for what names nothing, for too few, and for a test that shares queries with training.
 */
export async function divided(
  corpus: TuneCorpus,
  options: Pick<TuneOptions, 'examples' | 'test'>,
  random: Random,
): Promise<Divided> {
  const { snapshot } = corpus;
  const given =
    options.examples === 'synthetic'
      ? syntheticExamples(snapshot, { random })
      : await resolveExamples(corpus, options.examples);
  const exists = (id: string) => snapshot.findDocument(id) !== undefined;
  const { examples, duplicates } = checkExamples(given, exists);
  let test: readonly TuneExample[] | undefined;
  if (options.test !== undefined) {
    checkLeaks(examples, options.test);
    test = checkExamples(await resolveExamples(corpus, options.test), exists, 'test').examples;
  }
  const train = random.shuffle([...examples]);
  const tested = test ?? train.splice(0, Math.min(1_000, Math.max(FEWEST_TESTED, Math.round(train.length / 4))));
  const validation = train.splice(0, Math.min(300, Math.max(4, Math.round(train.length / 5))));
  return { train, validation, test: tested, duplicates };
}
