import { Vectors } from '../../src/base/vectors.ts';
import { unitRows } from '../../src/math/index.ts';
import { toValue } from '../../src/tensor/index.ts';
import { queryDistillation, ridgeMap } from '../../src/train/index.ts';
import { vectorsOf } from '../datasets/embeddings.ts';
import { requestsOf, toolIds } from '../datasets/requests.ts';
import { readWritten } from '../datasets/written.ts';
import { type Lab, NeedsData } from '../grading/lab.ts';
import type { Config } from '../grading/types.ts';
import { Deck, fittingOnce, grid, head, type Training, vectorItems } from './learning.ts';
import type { PairSide } from './pair-claims.ts';
import { headLearner, type Pairs, rowsOf } from './pairs.ts';
import { scorer } from './rankings.ts';

/** What a model thought of a request, as a vector of the request. */
export type Thought = 'keywords' | 'keywords of another' | 'the request again' | 'description';

/** Requests to tools, with what a large language model thought of some: it saw the requests alone. */
export interface Thoughtful extends Pairs {
  /** By request; of those that nothing was thought of, the request's own vector. */
  readonly thoughts: Readonly<Record<Thought, Vectors>>;
}

/** Requests of a smoke test, and those that are judged where students learn. */
const [QUICK, DEV, TEST] = [60, 400, 800];

/**
 * MetaTool. @param judged requests that something was thought of, or others: then all thoughts are for training.
 * @throws NeedsData.
 */
export function thoughtful(lab: Lab, judged: 'thought of' | 'others'): Promise<Thoughtful> {
  return lab.once(`thoughtful ${judged}`, async () => {
    const written = readWritten('metatool', lab.folder('llm'));
    if (written === undefined) throw new NeedsData('There are no thoughts about metatool.', 'Set SAGITTA_DATA.');
    const all = await requestsOf(lab, lab.pick(3, 16));
    const collection = await lab.collection('metatool');
    const known = written.filter(({ id }) => collection.judgements.has(id)).slice(0, lab.pick(QUICK, written.length));
    const ids = new Set(known.map(({ id }) => id));
    const texts = known.map(({ id }) => collection.queries.get(id)!);
    const same = new Set(texts.map((text) => text.toLowerCase()));
    const others = [...all.rows].filter(([id, row]) => !ids.has(id) && !same.has(all.texts[row]!.toLowerCase()));
    const rest = judged === 'others' ? others.slice(0, lab.pick(2 * QUICK, DEV + TEST)) : [];
    const own = await vectorsOf(lab, texts, 'query');
    const queries = Vectors.concat([own, all.vectors.pick(rest.map(([, row]) => row))]);
    const words = known.map(({ reformulations = [] }) => reformulations.join(' '));
    const described = await vectorsOf(
      lab,
      known.map(({ hyde = '' }) => hyde),
      'document',
    );
    const extended = async (add: (i: number) => string) =>
      vectorsOf(
        lab,
        texts.map((text, i) => `${text} ${add(i)}`),
        'query',
      );
    const whole = (thought: Vectors) => Vectors.concat([thought, queries.slice(own.count, queries.count)]);
    const mean = new Vectors(
      own.data.map((value, i) => value + described.data[i]!),
      own.dim,
    );
    const tools = new Map((await toolIds(lab)).map((id, number) => [id, number]));
    const relevant = [
      ...known.map(({ id }) => new Set([...collection.judgements.get(id)!.keys()].map((tool) => tools.get(tool)!))),
      ...rest.map(([, row]) => new Set([all.tool[row]!])),
    ];
    const dev = lab.pick(QUICK, DEV);
    return {
      queryIds: [...ids, ...rest.map(([id]) => id)],
      queries,
      documents: all.toolVectors,
      relevant,
      splits: relevant.map((_, i) => {
        if (judged === 'thought of') return i % 4 === 0 ? 'dev' : 'test';
        return i < own.count ? 'train' : i < own.count + dev ? 'dev' : 'test';
      }),
      sources: all.sources,
      learner: headLearner(queries, all.toolVectors),
      thoughts: {
        keywords: whole(await extended((i) => words[i]!)),
        'keywords of another': whole(await extended((i) => words[(i + 1) % words.length]!)),
        'the request again': whole(await extended((i) => texts[i]!)),
        description: whole(unitRows(mean)),
      },
    };
  });
}

/** Requests as they are, or with what was thought of them. */
export function asked(name: string, thought?: Thought): PairSide {
  return (data) => ({
    name,
    configs: [{}],
    untunable: true,
    fit: async () => ({
      answer: scorer(
        data,
        thought === undefined ? data.queries : (data as Thoughtful).thoughts[thought],
        data.documents,
      ),
    }),
  });
}

/** A linear map of requests that was fitted to their vectors with thoughts. */
export function mapped(name: string, thought: Thought): PairSide {
  return (given) => {
    const data = given as Thoughtful;
    const rows = rowsOf(data, 'train');
    return {
      name,
      configs: grid({ strength: [0.3, 1, 3, 10, 30] }),
      fit: async ({ strength }) => {
        const map = ridgeMap(data.queries.pick(rows), data.thoughts[thought].pick(rows), {
          strength: Number(strength),
        });
        return { answer: scorer(data, unitRows(map.apply(data.queries)), data.documents) };
      },
    };
  };
}

/** A correction of requests that learns to be their vectors with thoughts, so that no thought is needed. */
export function student(name: string, thought: Thought, configs: readonly Config[]): PairSide {
  const recipe = { name, thought };
  return (given, lab) => {
    const data = given as Thoughtful;
    const rows = rowsOf(data, 'train');
    const items = vectorItems(data.queries);
    const fit = fittingOnce(recipe, data, ({ learningRate, rank }): Training => {
      let deck: Deck | undefined;
      return {
        start: head({ form: 'low-rank', rank: Number(rank) }),
        lists: ['queries'],
        draw: (random) => {
          deck ??= new Deck(rows.length, random);
          const chosen = deck.next(Math.min(64, rows.length)).map((i) => rows[i]!);
          return {
            lists: { queries: { of: items, rows: chosen } },
            arrays: { teacher: toValue(data.thoughts[thought].pick(chosen)) },
          };
        },
        loss: (encoded, { teacher }) => queryDistillation(encoded['queries']!, teacher!),
        steps: lab.pick(4, 200),
        learningRate: Number(learningRate),
      };
    });
    return {
      name,
      configs,
      fit: async (config, context) => {
        const learned = await fit(config, context);
        return {
          answer: scorer(data, await learned.encode(items), data.documents),
          costs: { 's to train': learned.seconds },
        };
      },
    };
  };
}
