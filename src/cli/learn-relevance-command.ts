import pc from 'picocolors';
import { InvalidArgumentError } from '../base/errors.ts';
import { queryEmbedding, RELEVANCE_DEPTH } from '../collection/index.ts';
import { nativeRuntime } from '../encode/runtime.ts';
import { readJudgements, readQueries } from '../eval/index.ts';
import type { RelevanceGrounds, RelevanceParameters } from '../search/index.ts';
import { foreignQuestions, gibberish, type JudgedList, learnRelevance } from '../train/index.ts';
import { checkJudged } from './judged.ts';
import { openHere } from './opening.ts';
import { number, print, printJson } from './output.ts';
import { Progress } from './progress.ts';
import { whenFree } from './when-free.ts';

export interface LearnRelevanceCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly queries: string;
  readonly qrels: string;
  readonly quiet: boolean;
  readonly by: RelevanceGrounds | 'held-out';
  /** Whether general questions, and words of no language, count as what the collection does not answer. */
  readonly foreign: boolean;
}

/** Words of no language that are learned from. */
const GIBBERISH = 30;

/** `sagitta learn-relevance`: learns from judged queries what `search --relevant` goes by. */
export async function learnRelevanceCommand(options: LearnRelevanceCommandOptions, signal: AbortSignal): Promise<void> {
  const { queries } = await readQueries(options.queries);
  const { judgements } = await readJudgements(options.qrels);
  await using collection = await openHere(options.in);
  await checkJudged(collection, judgements, options.qrels);
  const progress = new Progress(options.quiet || options.json);
  const encoder = await collection.encoder();
  const { settings } = await collection.inspect();
  const listOf = async (text: string, grades?: ReadonlyMap<string, number>): Promise<JudgedList> => {
    const language = await collection.queryLanguage(text);
    const vector = encoder === undefined ? undefined : await queryEmbedding(encoder, text, { language, signal });
    const embedded = vector === undefined ? {} : { vector };
    const { hits, words } = await collection.search(text, {
      k: RELEVANCE_DEPTH,
      perDocument: 1,
      explain: true,
      signal,
      ...embedded,
    });
    const relevant = hits.map(({ id }) => (grades?.get(id) ?? 0) > 0);
    return { hits, relevant, ...(words === undefined ? {} : { words }), ...embedded };
  };
  const lists: JudgedList[] = [];
  let unknown = 0;
  for (const [id, grades] of judgements) {
    signal.throwIfAborted();
    const text = queries.get(id);
    if (text === undefined || text.trim() === '') {
      unknown++;
      continue;
    }
    lists.push(await listOf(text, grades));
    progress.show(() => `${number(lists.length)} of ${number(judgements.size)} queries`);
  }
  const foreign: JudgedList[] = [];
  for (const text of options.foreign ? [...foreignQuestions, ...gibberish(GIBBERISH, 1)] : []) {
    signal.throwIfAborted();
    foreign.push(await listOf(text));
    progress.show(() => `${number(foreign.length)} questions that it does not answer`);
  }
  progress.done();
  const found = lists.filter(({ relevant }) => relevant.includes(true)).length;
  if (found === 0) {
    throw new InvalidArgumentError(
      `None of ${lists.length} queries finds a document that is judged relevant (${unknown} judged queries have no text).`,
      "Check that the judgements use the collection's document ids (`sagitta get ID`), and the ids of the queries.",
    );
  }
  const learned = await learnRelevance(lists, {
    runtime: await nativeRuntime(),
    by: options.by,
    encoder: settings.encoder,
    foreign,
    signal,
  });
  await whenFree(() => collection.setRelevance(learned), {
    signal,
    onWait: () => progress.show(() => 'waiting for another process that writes to the collection'),
  }).finally(() => progress.done());
  if (options.json) {
    const { threshold, map = 'linear', query } = learned;
    printJson({
      queries: lists.length,
      found,
      foreign: foreign.length,
      unknown,
      threshold,
      map,
      embedding: query !== undefined,
    });
  } else {
    const without = unknown === 0 ? '' : `, ${number(unknown)} judged queries have no text`;
    print(
      `${pc.green('learned')} from ${number(lists.length)} queries, ${number(found)} of which find something relevant, and ${number(foreign.length)} foreign questions${without}`,
    );
    print(
      `\`search --relevant\` keeps hits of probability ${learned.threshold} and more, judged by ${groundsOf(learned)}`,
    );
  }
}

function groundsOf({ map = 'linear', query }: RelevanceParameters): string {
  const scores = map === 'standard' ? 'standardised scores' : 'scores';
  return query === undefined ? `the ${scores} of the list` : `the ${scores} of the list and the query's embedding`;
}
