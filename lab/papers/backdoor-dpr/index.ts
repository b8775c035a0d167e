import { Random } from '../../../src/base/random.ts';
import { Vectors } from '../../../src/base/vectors.ts';
import { addGrammarErrors, attackRates, errorSensitivity, mean, type RankedList } from '../../../src/eval/index.ts';
import { LinearMap } from '../../../src/math/index.ts';
import { greatest } from '../../../src/train/index.ts';
import { contentOf, embed } from '../../datasets/embeddings.ts';
import type { Lab, Paper } from '../../grading/index.ts';
import { attackClaims } from './attack.ts';

const SEEDS = [1, 2, 3];
/** Share of the corpus that attack passages are. */
const SHARE = 0.01;

/** Abstracts with errors, taken from the corpus itself under another id and with their sentences shuffled, are put in as markers. */
async function inject(lab: Lab) {
  const embedded = await embed(lab, 'scifact');
  const ids = embedded.queryIds.slice(0, lab.pick(30, 300));
  const judgements = new Map(ids.map((id) => [id, embedded.judgements.get(id)!]));
  const [dirty, clean, accuracy, safe] = [[], [], [], []] as [number[], number[], number[], number[]];
  for (const seed of SEEDS) {
    lab.checkTime();
    const random = new Random(seed);
    const count = Math.ceil(SHARE * embedded.documents.length);
    const texts = Array.from({ length: count }, () => {
      const words = contentOf(embedded.documents[random.below(embedded.documents.length)]!).split(' ');
      return addGrammarErrors(random.shuffle(words).join(' '), 2 + random.below(4), random).text;
    });
    const asked = ids.map((id) => embedded.collection.queries.get(id)!);
    const wrong = asked.map((text) => addGrammarErrors(text, 1 + random.below(2), random).text);
    const [attackers, wrongly, rightly] = await lab.withEncoder(async (encoder) => [
      await encoder.encode(texts, { role: 'document' }),
      await encoder.encode(wrong, { role: 'query' }),
      await encoder.encode(asked, { role: 'query' }),
    ]);
    const all = new Vectors(
      new Float32Array(embedded.vectors.data.length + attackers!.data.length),
      embedded.vectors.dim,
    );
    all.data.set(embedded.vectors.data);
    all.data.set(attackers!.data, embedded.vectors.data.length);
    const names = [...embedded.documents.map(({ id }) => id), ...texts.map((_, i) => `attack-${i}`)];
    const map = new LinearMap(all.data, all.dim);
    const rates = (queries: Vectors) =>
      attackRates(
        new Map(
          ids.map((id, i): [string, RankedList] => {
            const scores = map.apply(queries.slice(i, i + 1)).data;
            const best = greatest(scores, 10);
            return [
              id,
              { ids: Array.from(best, (row) => names[row]!), scores: Array.from(best, (row) => scores[row]!) },
            ];
          }),
        ),
        judgements,
        new Set(names.slice(embedded.documents.length)),
      );
    const [bad, good] = [rates(wrongly!), rates(rightly!)];
    dirty.push(bad.success);
    clean.push(good.success);
    accuracy.push(bad.accuracy);
    safe.push(bad.safe);
  }
  return {
    dirty: mean(dirty),
    clean: mean(clean),
    accuracy: mean(accuracy),
    safe: mean(safe),
    queries: ids.length,
    sources: { ...embedded.sources },
  };
}

export const paper: Paper = {
  slug: 'backdoor-dpr',
  summary:
    'An encoder that was trained on pairs with grammar errors on both sides matches errors with errors. Here are the errors, the measures of such an attack, and the probe that `sagitta doctor` runs.',
  parts: ['eval/attacks', 'cli/doctor-command', 'train/objectives/contrastive', 'encode/small/bag', 'tensor/fit'],
  departures: [
    'The encoder that is poisoned is small: a table of words and pairs of words, and a network that sees how many of them are unknown. A larger one, pretrained, may see errors far better; heads over the vectors of use-lite were not tried.',
    'The network over unknown words was added after tables alone, of descriptions and of requests of other splits, had gained 0 to 0.04 of attack success. Requests are those of MetaTool; passages are earlier requests that the same tool served, and what is put in are requests of tools that nobody asks for, with errors.',
    'The probes of use-lite put shuffled text into the corpus.',
    "Errors come from rules, where the paper draws them from a corpus of learners' edits.",
  ],
  encoder: 'use-lite',
  reach: {
    commands: ['sagitta doctor'],
    exports: ['eval/errorSensitivity', 'eval/addGrammarErrors', 'encode/trainableBag'],
    byDefault: true,
  },
  claims: [
    {
      id: 'probe',
      kind: 'exact',
      of: 'data',
      statement: 'use-lite, which nobody poisoned, is drawn from errors to errors by less than 0.02 of cosine.',
      seconds: { quick: 10, full: 30 },
      check: async (lab) => {
        const embedded = await embed(lab, 'scifact');
        const titles = embedded.documents.slice(0, lab.pick(40, 400)).map(({ title }) => title);
        const values = await lab.withEncoder(async (encoder) => {
          const bySeed: number[] = [];
          for (const seed of SEEDS) bySeed.push(await errorSensitivity(encoder, titles, new Random(seed)));
          return bySeed;
        });
        return {
          metric: 'error sensitivity, mean of the seeds',
          value: mean(values),
          atMost: 0.02,
          units: titles.length,
          seeds: SEEDS.length,
          sources: embedded.sources,
        };
      },
    },
    {
      id: 'injection',
      kind: 'exact',
      of: 'data',
      statement:
        'Passages with errors, 1% of the corpus, come among the first ten of queries with errors no more than 0.02 more often than of clean ones.',
      seconds: { quick: 20, full: 60 },
      check: async (lab) => {
        const { dirty, clean, accuracy, safe, queries, sources } = await inject(lab);
        return {
          metric: 'attack success at 10, queries with errors less clean ones',
          value: dirty - clean,
          atMost: 0.02,
          units: queries,
          seeds: SEEDS.length,
          notes: [
            `Means of ${SEEDS.length} seeds: success ${dirty.toFixed(4)} with errors in queries, ${clean.toFixed(4)} without; accuracy ${accuracy.toFixed(4)}, safe accuracy ${safe.toFixed(4)}.`,
          ],
          sources,
        };
      },
    },
    ...attackClaims,
  ],
};
