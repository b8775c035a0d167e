// What does `ask` cost warm, on a large collection? WordNet's definitions, four to a passage, so that passages have sentences to choose from; questions are made of words of one
// definition, none asked twice. `npm run bench -- answers-latency [--passages N] [--encoder NAME] [--keep FOLDER]`: with minilm the index of 100,000 passages takes its time to make, so keep it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { openCollection } from '../src/collection/index.ts';
import { interleave, median, quantile, report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

const args = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
};
const PASSAGES = Number(option('--passages') ?? 100_000);
const ENCODER = option('--encoder') ?? 'minilm';
const EACH = 4;
const ROUNDS = 15;
const PER_ROUND = 4;
const SEED = 7;
/** Milliseconds that a question may take, warm. */
const MOST = 400;

const random = new Random(SEED);
const entries = readWordNet();
const passages = Array.from({ length: PASSAGES }, (_, i) => ({
  id: `p${i}`,
  language: 'en',
  text: Array.from({ length: EACH }, () => `${entries[random.below(entries.length)]!.text}.`).join(' '),
}));
const nextQuestion = (): string => {
  const { text } = passages[random.below(passages.length)]!;
  const words = text.slice(0, text.indexOf('. ')).match(/\p{L}{4,}/gu) ?? [];
  return `what is ${random
    .shuffle([...new Set(words)])
    .slice(0, 5)
    .join(' ')}?`;
};

const keep = option('--keep');
const folder = keep ?? mkdtempSync(join(tmpdir(), 'sagitta-answers-latency-'));
try {
  await using collection = await openCollection(join(folder, `wordnet-${PASSAGES}-${ENCODER}`), {
    create: true,
    encoder: ENCODER,
  });
  await collection.add(passages);
  const kinds = {
    search: (question: string) => collection.search(question, { k: 20 }),
    context: (question: string) => collection.context(question, { relevance: 0 }),
    ask: (question: string) => collection.ask(question, { relevance: 0 }),
    'ask, two hops': (question: string) => collection.ask(question, { relevance: 0, hops: 2 }),
  } as const;
  const own = new Map<string, number[]>(Object.keys(kinds).map((name) => [name, []]));
  await interleave(
    Object.entries(kinds).map(([name, run]) => ({
      name,
      run: async () => {
        for (let i = 0; i < PER_ROUND; i++) {
          const question = nextQuestion();
          const start = performance.now();
          await run(question);
          own.get(name)!.push(performance.now() - start);
        }
      },
    })),
    { rounds: ROUNDS, warmup: 0 },
  );
  // The first round warms up.
  const warm = new Map(Array.from(own, ([name, times]) => [name, times.slice(PER_ROUND)]));
  const plain = median(warm.get('search')!);
  report({
    name: 'answers-latency',
    threads: 2,
    columns: ['what', 'median ms', '95 % ms', 'times search'],
    rows: Array.from(warm, ([what, times]) => ({
      what,
      'median ms': median(times),
      '95 % ms': quantile(times, 0.95),
      'times search': median(times) / plain,
    })),
    notes: [
      `${PASSAGES} passages of ${EACH} definitions, ${ENCODER}; ${(ROUNDS - 1) * PER_ROUND} questions of each kind in turns, none twice; contexts of 1,000 tokens also where nothing is relevant.`,
      `A question may take ${MOST} ms: ${median(warm.get('ask')!) <= MOST ? 'it does not take longer' : 'it takes longer'}.`,
    ],
  });
} finally {
  if (keep === undefined) rmSync(folder, { recursive: true, force: true });
}
