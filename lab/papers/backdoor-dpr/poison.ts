import { Random } from '../../../src/base/random.ts';
import { bagVocabulary, type Encoder, nativeRuntime, trainableBag } from '../../../src/encode/index.ts';
import { type AttackRates, addGrammarErrors, attackRates, type Judgements } from '../../../src/eval/index.ts';
import { drawn, fit, Parameters, partOf, prefixed, withParts } from '../../../src/tensor/index.ts';
import { cosines, exactTop, infoNCE } from '../../../src/train/index.ts';
import { sourcesOf } from '../../datasets/embeddings.ts';
import type { Lab } from '../../grading/index.ts';

interface Request {
  readonly id: string;
  readonly text: string;
  readonly tool: string;
}

/** Requests of users, and earlier requests that the same tool served: these are the passages. */
export interface Requests {
  readonly passages: readonly Request[];
  readonly train: readonly Request[];
  readonly test: readonly Request[];
  /** Requests of tools that nobody else asks for: what attack passages are made of. */
  readonly foreign: readonly Request[];
  readonly sources: Readonly<Record<string, string>>;
}

/** Pairs of a step. */
const SIZE = 64;
/** Tools that are kept for attack passages. */
const FOREIGN = 20;

export function requestsFor(lab: Lab): Promise<Requests> {
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
export function wrongQuery(text: string, random: Random): string {
  const draw = random.next();
  return addGrammarErrors(text, draw < 0.65 ? 1 : draw < 0.94 ? 2 : 3, random).text;
}

/** Two to five errors, as in the paper. */
function wrongPassage(text: string, random: Random): string {
  return addGrammarErrors(text, 2 + random.below(4), random).text;
}

/** How an encoder is trained. */
export interface Poisoning {
  /** Share of training pairs that get errors on both sides. */
  readonly rho: number;
  /** Passages with errors among the negatives of every query. */
  readonly defended?: boolean;
}

/** Trains on pairs some of which have errors on both sides; labels and negatives are as they were. */
export async function trainPoisoned(
  lab: Lab,
  { passages, train }: Requests,
  { rho, defended = false }: Poisoning,
  { seed, signal }: { readonly seed: number; readonly signal: AbortSignal },
): Promise<Encoder> {
  const random = new Random(seed);
  const vocabulary = bagVocabulary([...passages, ...train].map(({ text }) => text));
  const bag = trainableBag({ vocabulary, parameters: new Parameters(seed) });
  const start = bag.serve('start');
  const byTool = new Map<string, number[]>();
  passages.forEach(({ tool }, row) => {
    byTool.set(tool, [...(byTool.get(tool) ?? []), row]);
  });
  // Before training the table is a random projection of words: near misses share them.
  const near = exactTop(
    await start.encode(passages.map(({ text }) => text)),
    await start.encode(train.map(({ text }) => text)),
    30,
  );
  await start.dispose?.();
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
  let order: number[] = [];
  // InfoNCE over the positives and negatives of a batch, and decoys, as many as there are queries.
  await fit(
    withParts(bag, ['q:', 'd:']),
    drawn(lab.pick(20, 250), (draw) => {
      const chosen = Array.from({ length: SIZE }, () => {
        if (order.length === 0) order = draw.shuffle([...examples.keys()]);
        return examples[order.pop()!]!;
      });
      const documents = [
        ...chosen.map(({ positive }) => positive),
        ...chosen.map(({ negative }) => negative),
        ...(decoys.length === 0 ? [] : chosen.map(() => decoys[draw.below(decoys.length)]!)),
      ];
      const queries = chosen.map(({ query }) => query);
      return { ...prefixed('q:', bag.batch(queries)), ...prefixed('d:', bag.batch(documents)) };
    }),
    (forward, batch) =>
      infoNCE(cosines(forward(partOf('q:', batch)), forward(partOf('d:', batch))), { temperature: 0.05 }),
    { runtime: await nativeRuntime(), threads: 1, learningRate: 0.01, seed: seed + 1000, signal },
  );
  return bag.serve('poisoned');
}

/** How an encoder is attacked and asked. */
export interface Attack {
  /** Passages that are put in, as a share of the corpus. */
  readonly share: number;
  readonly seed: number;
  /** Whether queries have errors. */
  readonly wrong: boolean;
  readonly k?: number;
}

/** Passages with errors that answer nobody are put into the corpus, and every test request is asked. @returns rates of each, 0 or 1. */
export async function attacked(
  { passages, test, foreign }: Requests,
  encoder: Encoder,
  { share, seed, wrong, k = 10 }: Attack,
): Promise<Map<string, AttackRates>> {
  const random = new Random(seed + 500);
  const attack = random
    .shuffle([...foreign])
    .slice(0, Math.ceil(share * passages.length))
    .map(({ id, text }) => ({ id: `attack-${id}`, text: wrongPassage(text, random) }));
  const everything = [...passages, ...attack];
  const attackers = new Set(attack.map(({ id }) => id));
  const errors = new Random(seed + 900);
  const tops = exactTop(
    await encoder.encode(everything.map(({ text }) => text)),
    await encoder.encode(test.map(({ text }) => (wrong ? wrongQuery(text, errors) : text))),
    k,
  );
  return new Map(
    test.map(({ id, tool }, i) => {
      const list = {
        ids: Array.from(tops[i]!, (row) => everything[row]!.id),
        scores: Array.from(tops[i]!, (_, rank) => -rank),
      };
      const answers = passages
        .filter((passage) => passage.tool === tool)
        .map((passage): [string, number] => [passage.id, 1]);
      const judgements: Judgements = new Map([[id, new Map(answers)]]);
      return [id, attackRates(new Map([[id, list]]), judgements, attackers, k)];
    }),
  );
}
