import { concat, expandDims, multiply, reshape, sum, toValue } from '../../../src/tensor/index.ts';
import { cosines, exactTop, infoNCE, ownNegativesNCE } from '../../../src/train/index.ts';
import { type Requests, requestsOf } from '../../datasets/requests.ts';
import { type Claim, type Contestant, type Lab, material } from '../../grading/index.ts';
import type { Split } from '../../grading/types.ts';
import { fitting, type Training } from '../../protocols/heads.ts';
import { Deck } from '../../protocols/pairs.ts';

/** Texts of a class that are looked at. */
const DEPTH = 10;
const SIZE = 64;
/** Texts of other classes by query. */
const NEGATIVES = 7;

type Answer = readonly number[];

/** Requests as texts with a class, the tool: half to learn from and to find, the rest to choose and report on. */
function splitOf({ rows }: Requests): (unit: string) => Split {
  return (unit) => (rows.get(unit)! % 2 === 0 ? 'train' : rows.get(unit)! % 6 === 1 ? 'dev' : 'test');
}

/** A linear head by InfoNCE, positives and negatives being texts of the same and of other classes. */
function head(
  name: string,
  lab: Lab,
  data: Requests,
  rates: readonly number[],
  inBatch: 'all' | 'other classes' | 'none',
): Contestant<number, Answer> {
  const ids = [...data.rows.keys()];
  const known = [...ids.keys()].filter((row) => splitOf(data)(ids[row]!) === 'train');
  const byClass = new Map<number, number[]>();
  for (const row of known) byClass.set(data.tool[row]!, [...(byClass.get(data.tool[row]!) ?? []), row]);
  const train = fitting(({ learningRate, temperature }): Training<'text'> => {
    let deck: Deck | undefined;
    return {
      towers: { text: { form: 'linear' } },
      loss: (encode, batch) => {
        const [queries, positives, negatives] = ['queries', 'positives', 'negatives'].map((part) =>
          encode('text', batch[part]!),
        );
        if (inBatch !== 'none') {
          const scores = cosines(queries!, concat([positives!, negatives!], 0));
          return infoNCE(scores, {
            temperature: Number(temperature),
            ...(inBatch === 'all' ? {} : { exclude: batch['same']! }),
          });
        }
        const own = reshape(negatives!, [SIZE, NEGATIVES, queries!.shape[1]!]);
        const list = concat([expandDims(positives!, 1), own], 1);
        return ownNegativesNCE(sum(multiply(expandDims(queries!, 1), list), 2), Number(temperature));
      },
      batch: (random) => {
        deck ??= new Deck(known.length, random);
        const queries = deck.next(SIZE).map((i) => known[i]!);
        const another = (row: number) => {
          const group = byClass.get(data.tool[row]!)!;
          if (group.length === 1) return row;
          for (;;) {
            const other = group[random.below(group.length)]!;
            if (other !== row) return other;
          }
        };
        const negatives = queries.flatMap((row) =>
          Array.from({ length: NEGATIVES }, () => {
            for (;;) {
              const other = known[random.below(known.length)]!;
              if (data.tool[other] !== data.tool[row]) return other;
            }
          }),
        );
        const positives = queries.map(another);
        const part = (rows: readonly number[]) => toValue(data.vectors.pick(rows));
        const columns = [...positives, ...negatives];
        const same = Float32Array.from({ length: SIZE * columns.length }, (_, i) =>
          data.tool[queries[Math.floor(i / columns.length)]!] === data.tool[columns[i % columns.length]!] ? 1 : 0,
        );
        return {
          queries: part(queries),
          positives: part(positives),
          negatives: part(negatives),
          same: { data: same, shape: [SIZE, columns.length] },
        };
      },
      steps: lab.pick(5, 200),
      learningRate: Number(learningRate),
    };
  });
  return {
    name,
    configs: rates.flatMap((learningRate) => [0.05, 0.1].map((temperature) => ({ learningRate, temperature }))),
    fit: async (config, context) => {
      const heads = await train(config, context);
      const vectors = await heads.encode('text', data.vectors);
      const top = exactTop(vectors.pick(known), vectors, DEPTH);
      return {
        answer: (unit) => Array.from(top[data.rows.get(unit)!]!, (i) => data.tool[known[i]!]!),
        costs: { 's to train': heads.seconds },
      };
    },
  };
}

/** In-batch negatives, on or off, with few classes or many. */
export function labelClaim(classes: 'few' | 'many'): Claim {
  return {
    id: `labels-${classes}`,
    kind: 'comparative',
    statement:
      classes === 'few'
        ? 'With requests to 10 tools as texts of 10 classes, leaving in-batch negatives out brings at least 2 points more neighbours of the same class among the first ten.'
        : 'With requests to all 199 tools, leaving in-batch negatives in loses no more than a point of them.',
    metric: 'precision@10 of neighbours',
    margin: { absolute: classes === 'few' ? 0.02 : -0.01 },
    seeds: [1, 2, 3],
    seconds: { quick: 10, full: 40 },
    load: async (lab) => {
      const data =
        classes === 'few' ? await requestsOf(lab, lab.pick(20, 100), 10) : await requestsOf(lab, lab.pick(3, 16));
      const rates = classes === 'few' ? [3e-3, 1e-2, 3e-2] : [3e-3, 1e-2];
      const sides = [
        head('in-batch negatives too', lab, data, rates, 'all'),
        head('own negatives only', lab, data, rates, 'none'),
      ];
      const [baseline, method] = (classes === 'few' ? sides : sides.reverse()) as [
        (typeof sides)[0],
        (typeof sides)[0],
      ];
      return material<number, Answer>({
        truth: new Map([...data.rows].map(([unit, row]) => [unit, data.tool[row]!])),
        split: splitOf(data),
        sources: data.sources,
        measure: (truth, answer) => answer.filter((label) => label === truth).length / DEPTH,
        baseline,
        method,
        controls: [head('in-batch negatives of other classes', lab, data, rates, 'other classes')],
      });
    },
  };
}
