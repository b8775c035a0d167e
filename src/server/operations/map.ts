import type { MapAnswer, MapHits, MapHitsRequest, MapParameters } from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { PrincipalComponents } from '../../codec/index.ts';
import type { Collection } from '../../collection/index.ts';
import { MEANING } from '../../corpus/index.ts';
import { allowedPassages } from '../../search/index.ts';
import type { StoredCorpus } from '../../store/types.ts';
import { summary } from './documents.ts';

/** Components that a point keeps: enough that neighbours stay neighbours, few enough to send. */
const COMPONENTS = 24;
/** Rows that the principal components are learned from. */
const SAMPLE = 1500;
/** Characters of a passage that a point shows. */
const SHOWN = 160;
const SEED = 1234;

/** A sample of the passages with an embedding, and its principal components. */
interface Sample {
  /** Ordinals, ascending. */
  readonly kept: readonly number[];
  readonly passages: number;
  readonly documents: number;
  readonly reduced: Vectors;
  /** Undefined where vectors are short enough as they are. */
  readonly components: PrincipalComponents | undefined;
}

/** The last sample of each state: whoever asks for a map asks for hits on it next. */
const samples = new WeakMap<StoredCorpus, { readonly key: string; readonly sample: Promise<Sample> }>();

/**
 * A sample of the passages' embeddings, reduced to their principal components: what a map of the collection is drawn
 * from. Same state and parameters, same answer.
 * @throws InvalidArgumentError for a collection without embeddings.
 */
export function sampleForMap(collection: Collection, parameters: MapParameters): Promise<MapAnswer> {
  return collection.read(async (corpus) => {
    const { kept, passages, documents, reduced } = await sampleOf(corpus, parameters);
    const shown = await corpus.passages(kept);
    const owners = await corpus.documents(shown.map(({ document }) => document));
    return {
      passages,
      documents,
      dim: reduced.dim,
      vectors: encoded(reduced),
      points: shown.map(({ start, text }, i) => {
        const { path: _, ...owner } = summary(owners[i]!);
        return { ...owner, start, text: text.slice(0, SHOWN) };
      }),
    };
  });
}

/**
 * Where hits of a search stand among the points of a map, which need not hold them. Passages that are gone or have no embedding are left out.
 * @throws InvalidArgumentError for a collection without embeddings.
 */
export function placeOnMap(collection: Collection, request: MapHitsRequest): Promise<MapHits> {
  return collection.read(async (corpus) => {
    const { components, reduced } = await sampleOf(corpus, request);
    const found: number[] = [];
    const rows: Float32Array[] = [];
    for (const [place, { id, start }] of request.passages.entries()) {
      const document = await corpus.find(id);
      if (document === undefined) continue;
      const { from, to } = document;
      const own = await corpus.passages(Array.from({ length: to - from }, (_, i) => from + i));
      const at = own.findIndex((passage) => passage.start === start);
      if (at < 0) continue;
      const [vector] = await corpus.get(MEANING, Uint32Array.of(from + at));
      if (vector === undefined) continue;
      found.push(place);
      rows.push(vector as Float32Array);
    }
    const vectors = rows.length === 0 ? Vectors.zeros(0, reduced.dim) : Vectors.fromRows(rows);
    const placed = components === undefined || rows.length === 0 ? vectors : components.apply(vectors);
    return { dim: reduced.dim, vectors: encoded(placed), passages: found };
  });
}

function encoded({ data }: Vectors): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}

function sampleOf(corpus: StoredCorpus, { filter, points }: Pick<MapParameters, 'filter' | 'points'>): Promise<Sample> {
  if (corpus.settings.dim === 0) {
    throw new InvalidArgumentError(
      'This collection has no embeddings, so there is no map of it.',
      'Index again into a new collection with an encoder.',
    );
  }
  const key = JSON.stringify([filter, points]);
  const last = samples.get(corpus);
  if (last?.key === key) return last.sample;
  const sample = makeSample(corpus, filter, points);
  samples.set(corpus, { key, sample });
  sample.catch(() => samples.delete(corpus));
  return sample;
}

async function makeSample(corpus: StoredCorpus, filter: string | undefined, points: number): Promise<Sample> {
  const allowed = filter === undefined ? undefined : await allowedPassages(corpus, filter);
  const random = new Random(SEED);
  const embedded = await corpus.holding(MEANING);
  // Reservoir sampling (Vitter 1985, algorithm R): every passage has the same chance.
  const chosen: number[] = [];
  let passages = 0;
  let documents = 0;
  for await (const { from, to } of corpus.all()) {
    const before = passages;
    for (let passage = from; passage < to; passage++) {
      if (allowed !== undefined && !allowed.has(passage)) continue;
      if (!embedded.has(passage)) continue;
      if (chosen.length < points) chosen.push(passage);
      else {
        const place = random.below(passages + 1);
        if (place < points) chosen[place] = passage;
      }
      passages++;
    }
    if (passages > before) documents++;
  }
  const kept = chosen.sort((a, b) => a - b);
  const rows = (await corpus.get(MEANING, Uint32Array.from(kept))) as Float32Array[];
  return { kept, passages, documents, ...(await reduce(rows, corpus.settings.dim)) };
}

async function reduce(rows: readonly Float32Array[], dim: number): Promise<Pick<Sample, 'reduced' | 'components'>> {
  const vectors = Vectors.fromRows(rows, dim);
  const kept = Math.min(COMPONENTS, dim);
  if (rows.length < 2 || dim <= COMPONENTS) return { reduced: vectors, components: undefined };
  const components = new PrincipalComponents(dim, kept);
  await components.train(Vectors.fromRows(spread(rows, SAMPLE)));
  return { reduced: components.apply(vectors), components };
}

/** At most `most` of the items, evenly spread. */
function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
}
