import { Random } from '../../../src/base/random.ts';
import { Vectors } from '../../../src/base/vectors.ts';
import { PrincipalComponents } from '../../../src/codec/index.ts';
import {
  adapter,
  nativeRuntime,
  openEncoder,
  quantizeTable,
  type StaticTable,
  shippedTable,
  type Trainable,
  trainableStatic,
} from '../../../src/encode/index.ts';
import {
  type Batch,
  drawn,
  type FitModel,
  fit,
  partOf,
  prefixed,
  run,
  type Tensors,
  toValue,
  toVectors,
  withParts,
} from '../../../src/tensor/index.ts';
import { cosineDistillation, cosines, infoNCE, mseDistillation, queryDistillation } from '../../../src/train/index.ts';
import { contentOf, embed } from '../../datasets/embeddings.ts';
import type { Config, Lab } from '../../grading/index.ts';
import { Deck, examplesOf, knownAnswers, type Pairs, pairs } from '../../protocols/pairs.ts';

const COLLECTION = 'tldr';
/** Components of a token of the small tower. */
const WIDTH = 128;
/** Components of a vector, which are those of use-lite. */
const DIM = 512;
/** Tokens of a text that the small tower reads. */
const LENGTH = 64;
/** Pairs of a step, and queries of one of distillation. */
const SIZE = 64;
const STEPS = 400;

/** Descriptions and pages of commands, as texts and as vectors of use-lite. */
export interface TowerData extends Pairs {
  readonly texts: Readonly<Record<Side, readonly string[]>>;
  /** What every small tower starts as. */
  readonly start: SmallStart;
}

export type Side = 'query' | 'document';

interface SmallStart {
  readonly table: StaticTable;
  /** `[WIDTH, DIM]`. */
  readonly map: Float32Array;
}

/** @throws NeedsData. */
export function towerData(lab: Lab): Promise<TowerData> {
  return lab.once('scalingnote', async () => {
    const data = await pairs(lab, COLLECTION, lab.pick(600, Number.POSITIVE_INFINITY));
    const { collection, documents } = await embed(lab, COLLECTION);
    return {
      ...data,
      texts: {
        query: data.queryIds.map((id) => collection.queries.get(id)!),
        document: documents.map((document) => contentOf(document)),
      },
      start: await smallStart(),
    };
  });
}

/** use-lite's vectors of word pieces in their principal components, and the map that leads back from these. */
async function smallStart(): Promise<SmallStart> {
  const { pieces } = await shippedTable();
  const encoder = await openEncoder('use-lite');
  const vectors = await encoder.encode(pieces.tokens.map((token) => token.replace('##', '')));
  await encoder.dispose?.();
  const pca = new PrincipalComponents(DIM, WIDTH);
  await pca.train(vectors, { seed: 1 });
  const [reduced, origin] = [pca.apply(vectors).data, pca.apply(Vectors.zeros(1, DIM)).data];
  const rows = reduced.map((value, i) => value - origin[i % WIDTH]!);
  return { table: quantizeTable(rows, WIDTH, { pieces }), map: pca.learned().get('matrix') as Float32Array };
}

/** `small`: a token table and a linear map. `large`: a frozen use-lite and a linear map. */
export type Kind = 'small' | 'large';
export type Kinds = Readonly<Record<Side, Kind>>;

/** Vectors of all queries and documents by towers that were trained. */
export interface Towers {
  readonly queries: Vectors;
  readonly documents: Vectors;
  /** Makes vectors of documents by the query tower. */
  readonly asQueries: () => Promise<Vectors>;
  readonly seconds: number;
}

/** A token table of the small tower's width and a map to the vectors' dimension, to be trained. */
export function smallTable({ start }: TowerData): Trainable {
  return trainableStatic(start.table, { maxLength: LENGTH, map: start.map });
}

/** Both towers as one model: applied to what is under the name of a side. */
function towers(table: Trainable, kinds: Kinds): FitModel {
  return {
    ...withParts(table, ['query:', 'document:']),
    forward: (scope, batch) => {
      const side = Object.keys(batch)[0]!.split(':')[0] as Side;
      if (kinds[side] === 'small') return table.forward(scope, partOf(`${side}:`, batch));
      return adapter(scope.at(side), batch[`${side}:given`]!, { form: 'linear' });
    },
  };
}

/** What of a batch is under the name of a side. */
const sideOf = (side: Side, batch: Tensors): Tensors => prefixed(`${side}:`, partOf(`${side}:`, batch));

/** Trains both towers together by InfoNCE in the batch. */
export async function endToEnd(
  lab: Lab,
  data: TowerData,
  kinds: Kinds,
  { temperature, learningRate }: Config,
  seed: number,
): Promise<Towers> {
  const table = smallTable(data);
  const examples = examplesOf(data, 'train');
  const deck = new Deck(examples.length, new Random(seed));
  const batchOf = batches(data, table);
  const draw = () => {
    const chosen = deck.next(SIZE).map((i) => examples[i]!);
    const [queries, documents] = [chosen.map(({ query }) => query), chosen.map(({ document }) => document)];
    return {
      ...batchOf(kinds.query, 'query', 'query', queries),
      ...batchOf(kinds.document, 'document', 'document', documents),
      exclude: knownAnswers(data, chosen),
    };
  };
  const model = towers(table, kinds);
  const { tookMs } = await fit(
    model,
    drawn(lab.pick(10, STEPS), draw),
    (forward, batch) =>
      infoNCE(cosines(forward(sideOf('query', batch)), forward(sideOf('document', batch))), {
        temperature: Number(temperature),
        exclude: batch['exclude']!,
      }),
    { runtime: await nativeRuntime(), threads: 1, learningRate: Number(learningRate), seed, signal: lab.signal },
  );
  const encode = (side: Side, of: Side) => vectorsOf(data, model, batchOf, kinds[side], side, of);
  return {
    queries: await encode('query', 'query'),
    documents: await encode('document', 'document'),
    asQueries: () => encode('query', 'document'),
    seconds: tookMs / 1000,
  };
}

/** What is learned of the teacher's vectors. */
export const OBJECTIVES = { both: queryDistillation, MSE: mseDistillation, cosine: cosineDistillation } as const;

/** What of it, of which texts, and how fast. */
export interface DistilOptions {
  readonly objective: keyof typeof OBJECTIVES;
  /** Whether pages stand for further queries, beside the training queries. */
  readonly pages: boolean;
  readonly learningRate: number;
}

/** Teaches a small query tower the vectors of a large one; documents stay where they are. */
export async function distil(
  lab: Lab,
  data: TowerData,
  teacher: Towers,
  { objective, pages, learningRate }: DistilOptions,
  seed: number,
): Promise<Towers> {
  const table = smallTable(data);
  const training = [...data.splits.keys()].filter((row) => data.splits[row] === 'train');
  const batchOf = batches(data, table);
  const targets = { query: teacher.queries, document: pages ? await teacher.asQueries() : teacher.queries };
  const decks = {
    query: new Deck(training.length, new Random(seed)),
    document: new Deck(data.documents.count, new Random(seed + 1)),
  };
  const draw = (_: Random, step: number) => {
    const isPages = pages && step % 2 === 1;
    const rows = isPages ? decks.document.next(SIZE) : decks.query.next(SIZE).map((i) => training[i]!);
    const of = isPages ? 'document' : 'query';
    return { ...batchOf('small', 'query', of, rows), teacher: toValue(targets[of].pick(rows)) };
  };
  const model = towers(table, { query: 'small', document: 'small' });
  const { tookMs } = await fit(
    model,
    // As many steps with queries, whether pages come in between or not.
    drawn(lab.pick(10, pages ? 2 * STEPS : STEPS), draw),
    (forward, batch) => OBJECTIVES[objective](forward(sideOf('query', batch)), batch['teacher']!),
    { runtime: await nativeRuntime(), threads: 1, learningRate, seed, signal: lab.signal },
  );
  const encode = (of: Side) => vectorsOf(data, model, batchOf, 'small', 'query', of);
  return {
    queries: await encode('query'),
    documents: teacher.documents,
    asQueries: () => encode('document'),
    seconds: tookMs / 1000 + teacher.seconds,
  };
}

/** Makes the arrays that a tower of a side reads, of texts or vectors of either side. */
function batches(data: TowerData, table: Trainable) {
  return (kind: Kind, side: Side, of: Side, rows: readonly number[]): Batch => {
    const vectors = of === 'query' ? data.queries : data.documents;
    const batch =
      kind === 'large'
        ? { given: toValue(vectors.pick([...rows])) }
        : table.batch(rows.map((row) => data.texts[of][row]!));
    return prefixed(`${side}:`, batch);
  };
}

/** Texts that are encoded at a time. */
const ENCODED = 256;

/** Runs the tower of a side over all queries, or all documents. */
async function vectorsOf(
  data: TowerData,
  { parameters, forward, shapes = {} }: FitModel,
  batchOf: ReturnType<typeof batches>,
  kind: Kind,
  side: Side,
  of: Side,
): Promise<Vectors> {
  const { length } = data.texts[of];
  const parts = Array.from({ length: Math.ceil(length / ENCODED) }, (_, part) => {
    const rows = Array.from({ length: Math.min(ENCODED, length - part * ENCODED) }, (_, i) => part * ENCODED + i);
    return batchOf(kind, side, of, rows);
  });
  const { output } = await run(forward, parts, { parameters, shapes, runtime: await nativeRuntime(), threads: 1 });
  return toVectors(output!);
}
