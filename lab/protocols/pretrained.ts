import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { type TransformerOptions, trainableTransformer } from '../../src/encode/index.ts';
import { Parameters } from '../../src/tensor/index.ts';
import { clozePair, cosines, infoNCE } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import { learn, type Start, textItems } from './learning.ts';
import { type Pairs, pairs, rowsOf } from './pairs.ts';

/** What is trained of a small transformer, beside or instead of its body. */
export type Tuning = Pick<TransformerOptions, 'trained' | 'lora' | 'adapters' | 'side'>;

/** Descriptions of what a command does, the page of the command (tldr), and a transformer that knows the pages of training. */
export interface Commands extends Pairs {
  /** A copy of the pre-trained body; modules beside it start from the seed. */
  body(tuning: Tuning): Start;
}

/** Pairs of a step of pre-training. */
const SIZE = 64;

/** @throws NeedsData. */
export function commands(lab: Lab): Promise<Commands> {
  return lab.once('commands for a transformer', async () => {
    const data = await pairs(lab, 'tldr', { most: 6000 });
    const { queries, documents } = data.texts!;
    const own = [...new Set(rowsOf(data, 'train').flatMap((query) => [...data.relevant[query]!]))];
    const words = own.map((row) => documents[row]!.toLowerCase().match(/[a-z0-9]+/g) ?? []);
    const body = await pretrained(
      lab,
      words.filter(({ length }) => length >= 4),
      lab.pick(5, 1500),
    );
    const reader = trainableTransformer();
    return {
      ...data,
      body,
      learner: {
        start: body({}),
        queries: textItems(queries, reader, 'query'),
        documents: textItems(documents, reader, 'document'),
      },
    };
  });
}

/** Pre-trains by the inverse cloze task; the parameters are kept by the lab as one row. */
async function pretrained(lab: Lab, texts: readonly (readonly string[])[], steps: number): Promise<Commands['body']> {
  const fresh = new Parameters(1);
  const model = trainableTransformer({ parameters: fresh });
  const row = await lab.vectors(
    ['pre-trained transformer', String(steps), ...texts.map((words) => words.join(' '))],
    async () => {
      lab.say(`pre-training on ${texts.length} texts, ${steps} steps`);
      const random = new Random(1);
      const drawn = Array.from({ length: steps * SIZE }, () => clozePair(texts[random.below(texts.length)]!, random));
      const side = (which: 0 | 1) =>
        textItems(
          drawn.map((pair) => pair[which]),
          model,
          which === 0 ? 'query' : 'document',
        );
      const [queries, documents] = [side(0), side(1)];
      await learn(
        {
          start: () => model,
          lists: ['queries', 'documents'],
          draw: (_, step) => {
            const rows = Array.from({ length: SIZE }, (_, i) => step * SIZE + i);
            return { lists: { queries: { of: queries, rows }, documents: { of: documents, rows } } };
          },
          loss: (encoded) => infoNCE(cosines(encoded['queries']!, encoded['documents']!), { temperature: 0.05 }),
          steps,
          learningRate: 2e-3,
        },
        { seed: 1, signal: lab.signal },
      );
      const all = Float32Array.from(fresh.names.flatMap((name) => Array.from(fresh.get(name).data)));
      return new Vectors(all, all.length);
    },
  );
  return (tuning) => (seed) => {
    const copy = new Parameters(seed);
    let at = 0;
    for (const name of fresh.names) {
      const { data, shape } = fresh.get(name);
      copy.set(name, row.data.slice(at, at + data.length), shape);
      at += data.length;
    }
    return trainableTransformer({ parameters: copy, ...tuning });
  };
}
