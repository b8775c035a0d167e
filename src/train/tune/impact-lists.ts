import type { IndexingSettings } from '../../corpus/index.ts';
import { queryLanguage, sourceText, wordedText } from '../../corpus/index.ts';
import { type ImpactHead, speaks, type TokenEncoder, type WordedText } from '../../encode/index.ts';
import { impactTerms, type SearchEnvironment } from '../../search/index.ts';
import type { SnapshotCorpus } from '../../store/corpus.ts';
import { byTerm, type ImpactTexts } from '../impact-texts.ts';
import type { ImpactExample } from '../train-impact.ts';
import { type DocumentList, METRIC, measure, passagesFound } from './corpus.ts';
import type { TuneExample } from './examples.ts';

/** Candidates of a query that its negatives are, and those that are ranked to measure a head. */
const NEGATIVES = 5;
const RANKED = 20;

/** What is learned from and measured by, with the texts that both name by their numbers. */
export interface ImpactLists {
  readonly texts: readonly WordedText[];
  readonly examples: readonly ImpactExample[];
  /** Of each validation query its terms and candidates, with the documents that these are of. */
  readonly validation: readonly {
    readonly query: ImpactExample['query'];
    readonly candidates: readonly { readonly number: number; readonly id: string }[];
  }[];
}

/**
 * What the live pipeline finds: of a relevant document the passage that it found, else the first one; the first passages of others are negatives. Passages in a language that
 * the encoder does not know are left out.
 */
export async function impactLists(
  corpus: SnapshotCorpus,
  environment: SearchEnvironment,
  settings: IndexingSettings,
  pipeline: string,
  encoder: Pick<TokenEncoder, 'languages'>,
  train: readonly TuneExample[],
  validation: readonly TuneExample[],
): Promise<ImpactLists> {
  const texts: WordedText[] = [];
  const numbers = new Map<number, number | undefined>();
  const idOf = new Map<number, string>();
  const numberOf = async (passage: number): Promise<number | undefined> => {
    if (numbers.has(passage)) return numbers.get(passage);
    const [found] = await corpus.passages([passage]);
    const [record] = await corpus.documents([found!.document]);
    idOf.set(passage, record!.id);
    const { language } = record!;
    const number = speaks(encoder, language)
      ? texts.push(wordedText({ text: sourceText('passage', record!, found!), language }, settings)) - 1
      : undefined;
    numbers.set(passage, number);
    return number;
  };
  const documentOf = async (passage: number): Promise<string> => {
    if (!idOf.has(passage)) {
      const [document] = await corpus.documents(await corpus.documentsOf([passage]));
      idOf.set(passage, document!.id);
    }
    return idOf.get(passage)!;
  };
  const numbersOf = async (passages: readonly number[]) => {
    const found: number[] = [];
    for (const passage of passages) {
      const number = await numberOf(passage);
      if (number !== undefined) found.push(number);
    }
    return found;
  };
  const found = async (queries: readonly TuneExample[]) =>
    passagesFound(
      corpus,
      pipeline,
      environment,
      queries.map(({ query }) => query),
    );
  const termsOf = (content: string) => impactTerms(corpus, { content, language: queryLanguage(content, corpus) });

  const examples: ImpactExample[] = [];
  for (const [i, ranking] of (await found(train)).entries()) {
    const { query, relevant, negatives: given = [] } = train[i]!;
    const missing = new Set(relevant);
    const [positives, negatives]: [number[], number[]] = [[], []];
    for (const { passage } of ranking) {
      const id = await documentOf(passage);
      if (missing.delete(id)) positives.push(passage);
      else if (!relevant.includes(id) && negatives.length < NEGATIVES) negatives.push(passage);
    }
    const first = async (ids: Iterable<string>) => {
      const passages: number[] = [];
      for (const id of ids) {
        const place = await corpus.find(id);
        if (place !== undefined && place.to > place.from) passages.push(place.from);
      }
      return passages;
    };
    examples.push({
      query: await termsOf(query),
      positives: await numbersOf([...positives, ...(await first(missing))]),
      negatives: await numbersOf([...(await first(given)), ...negatives]),
    });
  }
  const measured: { query: ImpactExample['query']; candidates: { number: number; id: string }[] }[] = [];
  for (const [i, ranking] of (await found(validation)).entries()) {
    const candidates: { number: number; id: string }[] = [];
    for (const { passage } of ranking.slice(0, RANKED)) {
      const number = await numberOf(passage);
      if (number !== undefined) candidates.push({ number, id: await documentOf(passage) });
    }
    measured.push({ query: await termsOf(validation[i]!.query), candidates });
  }
  return { texts, examples, validation: measured };
}

/** nDCG@10 of the validation queries when their candidates are ranked by impacts alone. */
export function measureHead(
  texts: ImpactTexts,
  { validation }: ImpactLists,
  examples: readonly TuneExample[],
  head: ImpactHead,
): number {
  const lists = validation.map(({ query, candidates }): DocumentList => {
    const asked = byTerm(query);
    const best = new Map<string, number>();
    for (const { number, id } of candidates) {
      const score = texts.score(number, asked, head);
      if (score > (best.get(id) ?? Number.NEGATIVE_INFINITY)) best.set(id, score);
    }
    const order = [...best].sort((a, b) => b[1] - a[1]);
    return { ids: order.map(([id]) => id), scores: Float64Array.from(order, ([, score]) => score) };
  });
  return measure(lists, examples).mean(METRIC);
}
