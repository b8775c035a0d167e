import { Random } from '../../../src/base/random.ts';
import { Vectors } from '../../../src/base/vectors.ts';
import { PrincipalComponents } from '../../../src/codec/index.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { unitRows } from '../../../src/math/index.ts';
import {
  add,
  type Batch,
  drawn,
  fit,
  gelu,
  identity,
  lastTokenPooling,
  latentAttentionPooling,
  linear,
  matmul,
  meanPooling,
  normalize,
  Parameters,
  run,
  type Scope,
  selfAttentionPooling,
  type Tensor,
  type Tensors,
  toValue,
  toVectors,
  unitLength,
  zeros,
} from '../../../src/tensor/index.ts';
import { cosines, multiPositiveNCE } from '../../../src/train/index.ts';
import { tokensOf } from '../../datasets/embeddings.ts';
import { requestsOf } from '../../datasets/requests.ts';
import { type Claim, type Config, type Contestant, type Lab, material } from '../../grading/index.ts';
import { Deck } from '../../protocols/pairs.ts';
import { hitAt, type Pairs, ranking, rowsOf, toolPairs } from '../../protocols/retrieval-pairs.ts';

/** Tokens of a request that are read. */
const LENGTH = 32;
/** Principal components that states and vectors are reduced to, so that heads train in seconds. */
const WIDTH = 128;
const SIZE = 64;

/** Frozen states of tokens, and what their texts are to find. */
interface States {
  readonly pairs: Pairs;
  /** States and marks of requests. */
  readonly batch: (rows: readonly number[]) => Batch;
}

function states(lab: Lab): Promise<States> {
  return lab.once('nv-embed states', async () => {
    const [pairs, { texts }] = [await toolPairs(lab, 1000), await requestsOf(lab, lab.pick(3, 16))];
    lab.say(`encoding the tokens of ${texts.length} requests with ${lab.encoder}`);
    const sets = await tokensOf(lab, texts);
    const pca = new PrincipalComponents(pairs.documents.dim, WIDTH);
    await pca.train(pairs.documents.count > WIDTH ? pairs.documents : pairs.queries, { seed: 1 });
    const reduced = Array.from({ length: sets.count }, (_, i) => {
      const own = sets.item(i);
      return pca.apply(own.slice(0, Math.min(LENGTH, own.count)));
    });
    return {
      pairs: { ...pairs, documents: unitRows(pca.apply(pairs.documents)) },
      batch: (rows) => {
        const data = new Float32Array(rows.length * LENGTH * WIDTH);
        const present = new Float32Array(rows.length * LENGTH);
        rows.forEach((row, i) => {
          const { data: own, count } = reduced[row]!;
          data.set(own, i * LENGTH * WIDTH);
          present.fill(1, i * LENGTH, i * LENGTH + count);
        });
        return {
          states: { data, shape: [rows.length, LENGTH, WIDTH] },
          present: { data: present, shape: [rows.length, LENGTH] },
        };
      },
    };
  });
}

type Pool = (scope: Scope, states: Tensor, present: Tensor, config: Config) => Tensor;

/** A pooling, and a linear map after it that all of them have. */
function pooled(
  name: string,
  lab: Lab,
  { pairs, batch }: States,
  pool: Pool,
  configs: readonly Config[],
): Contestant<readonly number[], Uint32Array> {
  const rows = rowsOf(pairs, 'train');
  const { count } = pairs.documents;
  return {
    name,
    configs,
    // Both claims, and choosing and testing, are about the same heads.
    fit: (config, { seed, signal }) =>
      lab.once(`nv-embed ${name} ${JSON.stringify(config)} ${seed}`, async () => {
        const parameters = new Parameters(seed);
        const model = (scope: Scope, { states: x, present }: Tensors) =>
          unitLength(
            matmul(pool(scope.at('pool'), x!, present!, config), scope.parameter('map', [WIDTH, WIDTH], identity)),
          );
        const deck = new Deck(rows.length, new Random(seed));
        const documents = toValue(pairs.documents);
        const how = { runtime: await nativeRuntime(), threads: 1 } as const;
        const draw = () => {
          const chosen = deck.next(Math.min(SIZE, rows.length)).map((i) => rows[i]!);
          const relevant = new Float32Array(chosen.length * count);
          chosen.forEach((row, i) => {
            relevant[i * count + pairs.relevant[row]![0]!] = 1;
          });
          return { ...batch(chosen), documents, relevant: { data: relevant, shape: [chosen.length, count] } };
        };
        const { tookMs } = await fit(
          { parameters, forward: model },
          drawn(lab.pick(3, 200), draw),
          (forward, inputs) =>
            multiPositiveNCE(cosines(forward(inputs), inputs['documents']!), inputs['relevant']!, 'conjunctive'),
          { ...how, learningRate: Number(config['learningRate']), seed, signal },
        );
        const asked = [...pairs.units.keys()].filter((row) =>
          ['dev', 'test'].includes(pairs.splitOf(pairs.units[row]!)!),
        );
        const queries = Vectors.zeros(pairs.units.length, WIDTH);
        for (let from = 0; from < asked.length; from += 300) {
          const part = asked.slice(from, from + 300);
          const vectors = toVectors((await run(model, batch(part), { ...how, parameters }))['output']!);
          part.forEach((row, i) => {
            queries.row(row).set(vectors.row(i));
          });
        }
        return {
          answer: ranking(pairs, 5, { queries }),
          costs: { parameters: parameters.size, 's to train': tookMs / 1000 },
        };
      }),
  };
}

const latent: Pool = (scope, x, present, { latents }) =>
  latentAttentionPooling(scope, x, present, { latents: Number(latents), hidden: 2 * WIDTH });
const attentive: Pool = (scope, x, present) => selfAttentionPooling(scope, x, present);
/**
 * States after the feed-forward block that latent attention ends with, where a configuration has it, so that the dictionary is not
 * judged by the layers that come with it.
 */
const transformed = (scope: Scope, x: Tensor, { block }: Config): Tensor => {
  if (block !== true) return x;
  const inner = gelu(linear(scope.at('up'), normalize(scope.at('norm'), x), 2 * WIDTH));
  return add(x, linear(scope.at('down'), inner, WIDTH, { initializer: zeros }));
};
const plain: Pool = (scope, x, present, config) => meanPooling(transformed(scope, x, config), present);
const last: Pool = (scope, x, present, config) => lastTokenPooling(transformed(scope, x, config), present);
const PLAIN = [3e-2, 1e-1, 3e-1].map((learningRate) => ({ block: false, learningRate }));
const RATES: readonly Config[] = [...PLAIN, ...[1e-3, 3e-3].map((learningRate) => ({ block: true, learningRate }))];
const LATENTS: readonly Config[] = [16, 64].flatMap((latents) =>
  [1e-3, 3e-3].map((learningRate) => ({ latents, learningRate })),
);

/** Latent attention against another pooling of the same states. */
export function poolingClaim(against: 'mean' | 'last'): Claim {
  return {
    id: `pooling-${against}`,
    kind: 'comparative',
    statement:
      against === 'mean'
        ? 'Over the same frozen states of tokens, pooling by latent attention finds no more than a point less at rank 1 than the mean does.'
        : 'Over the same frozen states of tokens, pooling by latent attention finds more at rank 1 than the last token does.',
    metric: 'recall@1',
    margin: { absolute: against === 'mean' ? -0.01 : 0 },
    seeds: [1, 2, 3],
    seconds: { quick: 5, full: 40 },
    load: async (lab) => {
      const data = await states(lab);
      const { pairs } = data;
      return material<readonly number[], Uint32Array>({
        truth: new Map(pairs.units.map((unit, row) => [unit, pairs.relevant[row]!])),
        split: pairs.splitOf,
        sources: pairs.sources,
        measure: hitAt(1),
        baseline: pooled(
          against === 'mean' ? 'mean' : 'last token',
          lab,
          data,
          against === 'mean' ? plain : last,
          RATES,
        ),
        method: pooled('latent attention', lab, data, latent, LATENTS),
        controls: against === 'mean' ? [pooled('self-attention', lab, data, attentive, PLAIN)] : [],
      });
    },
  };
}
