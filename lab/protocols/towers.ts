import { quantile } from '../../src/eval/index.ts';
import { type FitModel, Parameters, toValue } from '../../src/tensor/index.ts';
import { cosineDistillation, cosines, infoNCE, mseDistillation, queryDistillation } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { Config } from '../grading/types.ts';
import { Deck, firstLayers, fittingOnce, type Items, type LastLayer, type Learned, type Training } from './learning.ts';
import type { PairSide } from './pair-claims.ts';
import { type Pairs, pairs, rowsOf } from './pairs.ts';
import { scorer } from './rankings.ts';
import { pairDraw } from './recipes.ts';

/** `large`: MiniLM, of which the last layer is trained. `small`: its first two layers, which are trained. */
export type Kind = 'small' | 'large';

/** Descriptions and pages of commands, for towers of two kinds. */
export interface TowerData extends Pairs {
  readonly small: LastLayer;
  /** What each kind is given. */
  readonly items: Readonly<Record<Kind, { readonly queries: Items; readonly documents: Items }>>;
}

/** @throws NeedsData. */
export function towerData(lab: Lab): Promise<TowerData> {
  return lab.once('towers', async () => {
    const data = await pairs(lab, 'tldr', { most: 2000, train: 'encoder' });
    const small = await firstLayers(lab);
    const { queries, documents } = data.texts!;
    return {
      ...data,
      small,
      items: {
        large: data.learner,
        small: { queries: await small.items(queries, 'query'), documents: await small.items(documents, 'document') },
      },
    };
  });
}

/** Two towers, the names of whose parameters differ where their kinds do. */
async function towers({ small, learner }: TowerData, query: Kind, document: Kind) {
  const kinds = { small, large: learner.layer! };
  const parameters = new Parameters();
  for (const kind of new Set([query, document])) {
    const own = (await kinds[kind].start(0)).parameters;
    for (const name of own.names) parameters.set(name, own.get(name).data, own.get(name).shape);
  }
  const forward =
    (kind: Kind): FitModel['forward'] =>
    (scope, batch) =>
      kinds[kind].encoder.forward(scope, batch);
  const { shapes } = kinds[document].encoder;
  return { model: { parameters, shapes, forward: forward(document) }, queries: forward(query) };
}

/** How two towers are trained together. Declared once, they are trained once for each configuration and seed. */
export interface Together {
  readonly name: string;
  readonly configs: readonly { readonly temperature: number; readonly learningRate: number }[];
  readonly steps: number;
  readonly query: Kind;
  readonly document: Kind;
}

/** Pairs of a step, and queries of one of distillation. */
const SIZE = 32;

function trainTogether(data: TowerData, together: Together, lab: Lab) {
  const { query, document, steps } = together;
  return async (config: Config, context: { readonly seed: number; readonly signal: AbortSignal }): Promise<Learned> => {
    const { model, queries } = await towers(data, query, document);
    const own: Pairs = {
      ...data,
      learner: { start: () => model, queries: data.items[query].queries, documents: data.items[document].documents },
    };
    const fit = fittingOnce(
      together,
      data,
      (setting): Training => ({
        start: () => ({ ...model, parameters: model.parameters.clone() }),
        lists: ['queries', 'documents'],
        towers: { queries },
        draw: pairDraw(own, { name: '', configs: [], steps, size: SIZE, loss: (scores) => scores }, setting),
        loss: (encoded, { exclude }) =>
          infoNCE(cosines(encoded['queries']!, encoded['documents']!), {
            temperature: Number(setting['temperature']),
            exclude: exclude!,
          }),
        steps: Math.min(steps, lab.pick(4, steps)),
        learningRate: Number(setting['learningRate']),
      }),
    );
    return fit(config, context);
  };
}

/** Two towers that are trained together by InfoNCE in the batch. */
export function togetherSide(together: Together): PairSide {
  return (pairs, lab) => {
    const data = pairs as TowerData;
    const { name, configs, query, document } = together;
    const train = trainTogether(data, together, lab);
    return {
      name,
      configs,
      ...(together.steps === 0 ? { untunable: true } : {}),
      fit: async (config, context) => {
        const learned = await train(config, context);
        const queries = await learned.encode(data.items[query].queries, undefined, 'queries');
        const documents = await learned.encode(data.items[document].documents);
        return { answer: scorer(data, queries, documents), costs: { 's to train': learned.seconds } };
      },
    };
  };
}

/** What is learned of the teacher's vectors. */
const OBJECTIVES = { both: queryDistillation, MSE: mseDistillation, cosine: cosineDistillation } as const;

/** How a small query tower is taught. Declared once, it is taught once for each configuration and seed. */
export interface Taught {
  readonly name: string;
  /** `teacherRate`: of the teacher's own training, which is otherwise by the first of its settings. */
  readonly configs: readonly { readonly teacherRate: number; readonly learningRate: number }[];
  readonly steps: number;
  readonly teacher: Together;
  readonly objective: keyof typeof OBJECTIVES;
}

/** Teaches a small query tower the vectors of a large one, which was trained with a tuned rate; documents stay where they are. */
export function taughtSide(taught: Taught): PairSide {
  return (pairs, lab) => {
    const data = pairs as TowerData;
    const { name, configs, teacher, steps, objective } = taught;
    return {
      name,
      configs,
      fit: async (config, context) => {
        const own = { ...teacher.configs[0]!, learningRate: Number(config['teacherRate']) };
        const large = await trainTogether(data, teacher, lab)(own, context);
        const [targets, documents] = [
          await large.encode(data.items.large.queries),
          await large.encode(data.items.large.documents),
        ];
        const training = rowsOf(data, 'train');
        const fit = fittingOnce(taught, large, ({ learningRate }): Training => {
          let deck: Deck | undefined;
          return {
            start: data.small.start,
            lists: ['queries'],
            draw: (random) => {
              deck ??= new Deck(training.length, random);
              const rows = deck.next(SIZE).map((i) => training[i]!);
              return {
                lists: { queries: { of: data.items.small.queries, rows } },
                arrays: { teacher: toValue(targets.pick(rows)) },
              };
            },
            loss: (encoded, { teacher: target }) => OBJECTIVES[objective](encoded['queries']!, target!),
            steps: lab.pick(4, steps),
            learningRate: Number(learningRate),
          };
        });
        const student = await fit(config, context);
        const queries = await student.encode(data.items.small.queries);
        return {
          answer: scorer(data, queries, documents),
          costs: { ...(await queryTimes(data, lab)), 's to train': large.seconds + student.seconds },
        };
      },
    };
  };
}

/** Milliseconds a query, one at a time, in 8 bits: of MiniLM and of its first two layers. */
function queryTimes(data: TowerData, lab: Lab): Promise<Readonly<Record<string, number>>> {
  return lab.once('tower times', async () => {
    const times: Record<string, number> = {};
    for (const [kind, { encoder }] of [['small', data.small] as const, ['large', data.learner.layer!] as const]) {
      const served = encoder.serve(`tuned:${kind}`);
      const own: number[] = [];
      await served.encode([]);
      for (const text of data.texts!.queries.slice(0, lab.pick(10, 200))) {
        const start = performance.now();
        await served.encode([text], { role: 'query' });
        own.push(performance.now() - start);
      }
      await served.dispose?.();
      times[`ms / query, ${kind}`] = quantile(own, 0.5);
    }
    return times;
  });
}
