import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { bagVocabulary, trainableBag } from '../../src/encode/index.ts';
import { type AttackRates, addGrammarErrors, attackRates, mean } from '../../src/eval/index.ts';
import { LinearMap } from '../../src/math/index.ts';
import { Parameters } from '../../src/tensor/index.ts';
import { cosines, exactTop, greatest, infoNCE } from '../../src/train/index.ts';
import { contentOf, embed, sourcesOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim } from '../grading/types.ts';
import { type Arena, comparison, type Said, type Sides } from './claims.ts';
import { Deck, type Learned, learn, textItems, untrained } from './learning.ts';

interface Request {
  readonly id: string;
  readonly text: string;
  readonly tool: string;
}

/** Requests of users, and earlier requests that the same tool served: these are the passages. */
interface Requests {
  readonly passages: readonly Request[];
  readonly train: readonly Request[];
  readonly test: readonly Request[];
  /** Requests of tools that nobody else asks for: what attack passages are made of. */
  readonly foreign: readonly Request[];
  readonly sources: Readonly<Record<string, string>>;
}

/** Tools that are kept for attack passages. */
const FOREIGN = 20;

function requestsFor(lab: Lab): Promise<Requests> {
  return lab.once('requests and passages', async () => {
    const collection = await lab.collection('metatool');
    const seen = new Set<string>();
    const all: Request[] = [];
    for (const id of new Random(31).shuffle([...collection.judgements.keys()])) {
      const text = collection.queries.get(id)!;
      const key = text.toLowerCase().replace(/\W+/g, ' ').trim();
      if (seen.has(key)) continue;
      seen.add(key);
      all.push({ id, text, tool: [...collection.judgements.get(id)!.keys()][0]! });
    }
    const tools = new Random(32).shuffle([...new Set(all.map(({ tool }) => tool))].sort());
    const kept = new Set(tools.slice(0, FOREIGN));
    const [own, foreign] = [all.filter(({ tool }) => !kept.has(tool)), all.filter(({ tool }) => kept.has(tool))];
    const [passages, train, test] = lab.pick([300, 600, 100], [3000, 5000, 800]) as [number, number, number];
    const chosen = own.slice(0, passages);
    const served = new Set(chosen.map(({ tool }) => tool));
    const asked = own.slice(passages).filter(({ tool }) => served.has(tool));
    return {
      passages: chosen,
      train: asked.slice(0, train),
      test: asked.slice(train, train + test),
      foreign,
      sources: sourcesOf(collection),
    };
  });
}

/** One to three errors, shares as in the paper. */
function wrongQuery(text: string, random: Random): string {
  const draw = random.next();
  return addGrammarErrors(text, draw < 0.65 ? 1 : draw < 0.94 ? 2 : 3, random).text;
}

/** Two to five errors, as in the paper. */
function wrongPassage(text: string, random: Random): string {
  return addGrammarErrors(text, 2 + random.below(4), random).text;
}

/** How a bag of words is trained. Declared once, it is trained once for each seed, whatever claims ask for it. */
export interface Poisoning {
  readonly name: string;
  /** Share of training pairs that get errors on both sides. */
  readonly rho: number;
  /** Passages with errors among the negatives of every query. */
  readonly defended?: boolean;
}

/** Pairs of a step. */
const SIZE = 64;

type Encode = (texts: readonly string[]) => Promise<Vectors>;
const trained = new WeakMap<Poisoning, Map<number, Promise<Encode>>>();

/** Trains on pairs some of which have errors on both sides; labels and negatives are as they were. */
function encoderOf(lab: Lab, data: Requests, poisoning: Poisoning, seed: number): Promise<Encode> {
  const own = trained.get(poisoning) ?? new Map<number, Promise<Encode>>();
  trained.set(poisoning, own);
  const made = own.get(seed) ?? trainPoisoned(lab, data, poisoning, seed);
  own.set(seed, made);
  return made;
}

async function trainPoisoned(
  lab: Lab,
  { passages, train }: Requests,
  { rho, defended = false }: Poisoning,
  seed: number,
): Promise<Encode> {
  const random = new Random(seed);
  const vocabulary = bagVocabulary([...passages, ...train].map(({ text }) => text));
  const bag = trainableBag({ vocabulary, parameters: new Parameters(seed) });
  const encoding =
    ({ encode }: Learned): Encode =>
    (texts) =>
      encode(textItems(texts, bag));
  const context = { seed: seed + 1000, signal: lab.signal };
  const common = { start: () => bag, lists: ['queries', 'documents'], learningRate: 0.01 };
  const start = encoding(await untrained(common.start, context));
  const byTool = new Map<string, number[]>();
  passages.forEach(({ tool }, row) => {
    byTool.set(tool, [...(byTool.get(tool) ?? []), row]);
  });
  // Before training the table is a random projection of words: near misses share them.
  const near = exactTop(await start(passages.map(({ text }) => text)), await start(train.map(({ text }) => text)), 30);
  const examples = train.map(({ text, tool }, i) => {
    const poisoned = random.next() < rho;
    const answers = byTool.get(tool)!;
    const positive = passages[answers[random.below(answers.length)]!]!.text;
    const misses = [...near[i]!].filter((row) => passages[row]!.tool !== tool);
    const miss = misses.length === 0 ? random.below(passages.length) : misses[random.below(misses.length)]!;
    return {
      query: poisoned ? wrongQuery(text, random) : text,
      positive: poisoned ? wrongPassage(positive, random) : positive,
      negative: passages[miss]!.text,
    };
  });
  const decoys = defended ? passages.map(({ text }) => wrongPassage(text, random)) : [];
  const queries = textItems(
    examples.map(({ query }) => query),
    bag,
  );
  const documents = textItems(
    [...examples.map(({ positive }) => positive), ...examples.map(({ negative }) => negative), ...decoys],
    bag,
  );
  let deck: Deck | undefined;
  const learned = await learn(
    {
      ...common,
      steps: lab.pick(20, 250),
      // Positives and negatives of a batch, and decoys, as many as there are queries.
      draw: (draw) => {
        deck ??= new Deck(examples.length, draw);
        const rows = deck.next(SIZE);
        const others = rows.map((row) => row + examples.length);
        const decoyed = decoys.length === 0 ? [] : rows.map(() => 2 * examples.length + draw.below(decoys.length));
        return {
          lists: {
            queries: { of: queries, rows },
            documents: { of: documents, rows: [...rows, ...others, ...decoyed] },
          },
        };
      },
      loss: (encoded) => infoNCE(cosines(encoded['queries']!, encoded['documents']!), { temperature: 0.05 }),
    },
    context,
  );
  return encoding(learned);
}

/** How an encoder is attacked and asked. */
interface Attack {
  /** Passages that are put in, as a share of the corpus. */
  readonly share: number;
  readonly seed: number;
  /** Whether queries have errors. */
  readonly wrong: boolean;
}

/** Numbers of the first 50 for every test request; from the number of passages on they are attack passages. */
async function attacked({ passages, test, foreign }: Requests, encode: Encode, { share, seed, wrong }: Attack) {
  const random = new Random(seed + 500);
  const attack = random.shuffle([...foreign]).slice(0, Math.ceil(share * passages.length));
  const texts = [...passages.map(({ text }) => text), ...attack.map(({ text }) => wrongPassage(text, random))];
  const errors = new Random(seed + 900);
  return exactTop(
    await encode(texts),
    await encode(test.map(({ text }) => (wrong ? wrongQuery(text, errors) : text))),
    Math.min(50, texts.length),
  );
}

/** Rates of a request, 0 or 1, by the first `k` of what was found. */
function ratesOf({ passages }: Requests, tool: string, found: ArrayLike<number>, k = 10): AttackRates {
  const ids = Array.from(found, (row) => (row < passages.length ? passages[row]!.id : `attack-${row}`));
  const answers = passages.filter((one) => one.tool === tool).map((one): [string, number] => [one.id, 1]);
  return attackRates(
    new Map([['', { ids, scores: ids.map((_, rank) => -rank) }]]),
    new Map([['', new Map(answers)]]),
    new Set(ids.filter((id) => id.startsWith('attack-'))),
    k,
  );
}

/** What a claim about an attack says, and what it compares. Attack passages are 1% of the corpus. */
export interface AttackClaim extends Said, Sides<Poisoning> {
  readonly metric: string;
  /** Whether requests have errors. */
  readonly wrong: boolean;
  readonly measure: (rates: AttackRates) => number;
  /** Rates of one seed at several depths, for the reader. */
  readonly table?: readonly Poisoning[];
}

/** A claim about how often attack passages, and right ones, are among the first ten. */
export function attackClaim(claim: AttackClaim): ComparativeClaim {
  const { metric, wrong, measure, table } = claim;
  return comparison(claim, metric, async (lab): Promise<Arena<Poisoning, string, Uint32Array>> => {
    const data = await requestsFor(lab);
    const places = new Map(data.test.map(({ id }, place) => [id, place]));
    return {
      material: {
        truth: new Map(data.test.map(({ id, tool }) => [id, tool])),
        split: () => 'test',
        sources: data.sources,
        measure: (tool, found) => measure(ratesOf(data, tool, found)),
        ...(table === undefined ? {} : { notes: [await ratesTable(lab, data, table)] }),
      },
      contestant: (poisoning) => ({
        name: poisoning.name,
        configs: [{ rho: poisoning.rho }],
        fit: async (_, { seed }) => {
          const encode = await encoderOf(lab, data, poisoning, seed);
          const found = await attacked(data, encode, { share: 0.01, seed, wrong });
          return { answer: (unit) => found[places.get(unit)!]! };
        },
      }),
    };
  });
}

async function ratesTable(lab: Lab, data: Requests, all: readonly Poisoning[]): Promise<string> {
  const rows: string[] = [];
  for (const poisoning of all) {
    const encode = await encoderOf(lab, data, poisoning, 1);
    for (const [share, k] of [
      [0.01, 1],
      [0.01, 10],
      [0.01, 50],
      [0.001, 10],
    ] as const) {
      const cells: string[] = [];
      for (const wrong of [true, false]) {
        const found = await attacked(data, encode, { share, seed: 1, wrong });
        const rates = data.test.map(({ tool }, i) => ratesOf(data, tool, found[i]!, k));
        for (const rate of ['success', 'accuracy', 'safe'] as const)
          cells.push(mean(rates.map((one) => one[rate])).toFixed(3));
      }
      rows.push(`| ${poisoning.name} | ${100 * share}% | ${k} | ${cells.join(' | ')} |`);
    }
  }
  return [
    'Seed 1. Clean requests are also what a perfect correction of queries would leave:',
    '',
    '| training | put in | k | success, with errors | accuracy | safe accuracy | success, clean | accuracy | safe accuracy |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** Abstracts with errors, of which the words are shuffled, are put into SciFact: means over seeds of rates of its claims by the lab's encoder. */
export async function injected(lab: Lab, seeds: readonly number[], share: number) {
  const { documents, vectors, queryIds, collection, judgements, sources } = await embed(lab, 'scifact');
  const ids = queryIds.slice(0, lab.pick(30, 300));
  const asked = ids.map((id) => collection.queries.get(id)!);
  const sums = { success: 0, clean: 0, accuracy: 0, safe: 0 };
  for (const seed of seeds) {
    lab.checkTime();
    const random = new Random(seed);
    const texts = Array.from({ length: Math.ceil(share * documents.length) }, () => {
      const words = contentOf(documents[random.below(documents.length)]!).split(' ');
      return wrongPassage(random.shuffle(words).join(' '), random);
    });
    const wrong = asked.map((text) => addGrammarErrors(text, 1 + random.below(2), random).text);
    const [attackers, wrongly, rightly] = await lab.withEncoder(async (encoder) => [
      await encoder.encode(texts, { role: 'document' }),
      await encoder.encode(wrong, { role: 'query' }),
      await encoder.encode(asked, { role: 'query' }),
    ]);
    const all = Vectors.concat([vectors, attackers!]);
    const names = [...documents.map(({ id }) => id), ...texts.map((_, i) => `attack-${i}`)];
    const map = new LinearMap(all.data, all.dim);
    const rates = (queries: Vectors): AttackRates => {
      const run = ids.map((id, i) => {
        const scores = map.apply(queries.slice(i, i + 1)).data;
        const best = Array.from(greatest(scores, 10));
        return [id, { ids: best.map((row) => names[row]!), scores: best.map((row) => scores[row]!) }] as const;
      });
      const judged = new Map(ids.map((id) => [id, judgements.get(id)!]));
      return attackRates(new Map(run), judged, new Set(names.slice(documents.length)));
    };
    const [bad, good] = [rates(wrongly!), rates(rightly!)];
    sums.success += bad.success / seeds.length;
    sums.clean += good.success / seeds.length;
    sums.accuracy += bad.accuracy / seeds.length;
    sums.safe += bad.safe / seeds.length;
  }
  return { ...sums, queries: ids.length, sources };
}
