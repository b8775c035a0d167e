import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { type Collection, openCollection, RELEVANCE_DEPTH } from '../src/collection/index.ts';
import { openEncoder } from '../src/encode/registry.ts';
import { foreignQuestions, gibberish, type JudgedList } from '../src/train/index.ts';
import { type Parts, queriesOf, readCollection, type TestCollection } from './lib-beir.ts';

/** A list, and how many relevant documents are not in it. */
export interface ListWithMissed extends JudgedList {
  readonly missed: number;
}

/** Lists of one collection. */
export interface Lists {
  readonly own: readonly ListWithMissed[];
  /** Of queries to other collections. */
  readonly foreign: readonly ListWithMissed[];
  /** Of questions that the collection's authors could not answer from its documents. */
  readonly unanswerable: readonly ListWithMissed[];
  readonly general: readonly ListWithMissed[];
  readonly gibberish: readonly ListWithMissed[];
}

interface SetSource {
  readonly parts?: Parts;
  /** Most documents: those that answer the queries drawn, and others at random. Default all. */
  readonly documents?: number;
}

/** Collections that are learned from, and those that are reported on. */
export const sets = {
  development: {
    scifact: { parts: { qrels: 'qrels-train.tsv' }, documents: 800 },
    pubmedqa: { documents: 600 },
    mtrag_un: {},
    hotpotqa_100: {},
    tldr: { documents: 1_500 },
  },
  report: {
    clapnq_dev: {},
    gorilla_apibench: {},
    openclipart: {},
    xquad: { parts: { corpus: 'corpus.en.jsonl', queries: 'queries.en.jsonl' } },
    metatool: {},
  },
} as const satisfies Record<string, Record<string, SetSource>>;

/** Queries that are drawn, the documents of which are there, and those of them that are asked. */
const DRAWN = 200;
const ASKED = 100;
const GIBBERISH = 50;

/**
 * Lists of all collections of a group, by name; those whose data are not there are left out.
 * @param encoder `none` searches by words alone. @param folder where collections and lists are kept; made again where it lacks them.
 */
export async function listsOf(
  group: keyof typeof sets,
  encoder: string,
  folder: string,
): Promise<ReadonlyMap<string, Lists>> {
  const collections = new Map<string, { readonly drawn: TestCollection; readonly queries: readonly string[] }>();
  for (const [name, source] of Object.entries<SetSource>(sets[group])) {
    const collection = await readCollection(name, source.parts);
    if (collection === undefined) continue;
    const drawn = sample(collection, source.documents ?? Number.POSITIVE_INFINITY);
    collections.set(name, { drawn, queries: [...drawn.queries.values()] });
  }
  const lists = new Map<string, Lists>();
  for (const [name, { drawn }] of collections) {
    const kept = join(folder, `${encoder}-${name}.json`);
    if (!existsSync(kept)) {
      const others = [...collections].filter(([other]) => other !== name).map(([, { queries }]) => queries);
      const foreign = others.flatMap((queries) => queries.slice(0, ASKED / others.length));
      await using index = await indexed(drawn, encoder === 'none' ? 'minilm' : encoder, folder);
      const found = await searched(index, drawn, foreign, group, encoder === 'none');
      writeFileSync(kept, JSON.stringify(found));
    }
    lists.set(name, JSON.parse(readFileSync(kept, 'utf8')) as Lists);
  }
  return lists;
}

/** Queries at random, the documents that answer them, and others at random. */
function sample(collection: TestCollection, most: number): TestCollection {
  const random = new Random(1);
  const shuffled = <T>(items: Iterable<T>): T[] =>
    [...items]
      .map((item) => [random.next(), item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  const ids = shuffled(collection.queries.keys()).slice(0, DRAWN);
  const wanted = new Set(ids.flatMap((id) => [...collection.judgements.get(id)!.keys()]));
  const others = shuffled(collection.documents.filter(({ id }) => !wanted.has(id)));
  return {
    ...collection,
    documents: [...collection.documents.filter(({ id }) => wanted.has(id)), ...others].slice(0, most),
    queries: new Map(ids.slice(0, ASKED).map((id) => [id, collection.queries.get(id)!])),
  };
}

async function indexed({ name, documents }: TestCollection, spec: string, folder: string): Promise<Collection> {
  const own = join(folder, spec, name);
  mkdirSync(own, { recursive: true });
  const encoder = await openEncoder(spec);
  const index = await openCollection(own, { create: true, encoder });
  // Those that are there already cost nothing.
  await index.add(documents);
  return index;
}

async function searched(
  index: Collection,
  { name, queries, judgements }: TestCollection,
  foreign: readonly string[],
  group: keyof typeof sets,
  byWords: boolean,
): Promise<Lists> {
  const listOf = async (query: string, gains: ReadonlyMap<string, number> = new Map()): Promise<ListWithMissed> => {
    const { hits, words } = await index.search(query, {
      k: RELEVANCE_DEPTH,
      perDocument: 1,
      explain: true,
      // Questions of test collections are text, whatever signs they hold.
      syntax: false,
      ...(byWords ? { retriever: 'bm25' } : {}),
    });
    const relevant = hits.map(({ id }) => gains.has(id));
    return {
      hits: hits.map(({ contributions, match }) => ({ contributions: contributions!, match: match! })),
      words: words!,
      relevant,
      missed: gains.size - relevant.filter(Boolean).length,
    };
  };
  const all = async (texts: Iterable<string>): Promise<ListWithMissed[]> => {
    const lists: ListWithMissed[] = [];
    for (const text of texts) lists.push(await listOf(text));
    return lists;
  };
  const own: ListWithMissed[] = [];
  for (const [id, query] of queries) own.push(await listOf(query, judgements.get(id)!));
  const unanswerable = name === 'clapnq_dev' ? await unanswerableQuestions(judgements) : [];
  return {
    own,
    foreign: await all(foreign),
    unanswerable: await all(unanswerable),
    general: await all(group === 'development' ? foreignQuestions : []),
    gibberish: await all(gibberish(GIBBERISH, group === 'development' ? 1 : 2)),
  };
}

/** Questions of ClapNQ that have no judgement above 0: the passage of their article that is there does not answer them. */
async function unanswerableQuestions(judgements: TestCollection['judgements']): Promise<string[]> {
  const texts = await queriesOf('clapnq_dev');
  return [...texts].flatMap(([id, text]) => (judgements.has(id) ? [] : [text])).slice(0, ASKED);
}
