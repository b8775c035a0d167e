import type { MapAnswer, MapHits, MapHitsRequest, MapParameters } from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { PrincipalComponents } from '../../codec/index.ts';
import type { Collection } from '../../collection/index.ts';
import { allowedPassages } from '../../search/index.ts';
import type { SnapshotCorpus } from '../../store/corpus.ts';
import type { Snapshot } from '../../store/types.ts';
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
const samples = new WeakMap<Snapshot, { readonly key: string; readonly sample: Promise<Sample> }>();

/**
 * A sample of the passages' embeddings, reduced to their principal components: what a map of the collection is drawn
 * from. Same state and parameters, same answer.
 * @throws InvalidArgumentError for a collection without embeddings.
 */
export function sampleForMap(collection: Collection, parameters: MapParameters): Promise<MapAnswer> {
  return collection.read(async (snapshot, corpus) => {
    const { kept, passages, documents, reduced } = await sampleOf(snapshot, corpus, parameters);
    return {
      passages,
      documents,
      dim: reduced.dim,
      vectors: encoded(reduced),
      points: kept.map((passage) => {
        const { start, document } = snapshot.passage(passage);
        const { path: _, ...shown } = summary(snapshot.document(document));
        return { ...shown, start, text: snapshot.passageText(passage).slice(0, SHOWN) };
      }),
    };
  });
}

/**
 * Where hits of a search stand among the points of a map, which need not hold them. Passages that are gone or have no embedding are left out.
 * @throws InvalidArgumentError for a collection without embeddings.
 */
export function placeOnMap(collection: Collection, request: MapHitsRequest): Promise<MapHits> {
  return collection.read(async (snapshot, corpus) => {
    const { components, reduced } = await sampleOf(snapshot, corpus, request);
    const found: number[] = [];
    const rows: Float32Array[] = [];
    request.passages.forEach(({ id, start }, place) => {
      const document = snapshot.findDocument(id);
      if (document === undefined) return;
      const { from, to } = snapshot.documentPassages(document);
      for (let passage = from; passage < to; passage++) {
        if (snapshot.passage(passage).start !== start) continue;
        const vector = snapshot.passageVector(passage);
        if (vector === undefined) return;
        found.push(place);
        rows.push(vector);
        return;
      }
    });
    const vectors = rows.length === 0 ? Vectors.zeros(0, reduced.dim) : Vectors.fromRows(rows);
    const placed = components === undefined || rows.length === 0 ? vectors : components.apply(vectors);
    return { dim: reduced.dim, vectors: encoded(placed), passages: found };
  });
}

function encoded({ data }: Vectors): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}

function sampleOf(
  snapshot: Snapshot,
  corpus: SnapshotCorpus,
  { filter, points }: Pick<MapParameters, 'filter' | 'points'>,
): Promise<Sample> {
  if (snapshot.settings.dim === 0) {
    throw new InvalidArgumentError(
      'This collection has no embeddings, so there is no map of it.',
      'Index again into a new collection with an encoder.',
    );
  }
  const key = JSON.stringify([filter, points]);
  const last = samples.get(snapshot);
  if (last?.key === key) return last.sample;
  const sample = makeSample(snapshot, corpus, filter, points);
  samples.set(snapshot, { key, sample });
  sample.catch(() => samples.delete(snapshot));
  return sample;
}

async function makeSample(
  snapshot: Snapshot,
  corpus: SnapshotCorpus,
  filter: string | undefined,
  points: number,
): Promise<Sample> {
  const allowed = filter === undefined ? undefined : await allowedPassages(corpus, filter);
  const random = new Random(SEED);
  // Reservoir sampling (Vitter 1985, algorithm R): every passage has the same chance.
  const chosen: number[] = [];
  let passages = 0;
  let documents = 0;
  for (const document of snapshot.liveDocuments()) {
    const { from, to } = snapshot.documentPassages(document);
    const before = passages;
    for (let passage = from; passage < to; passage++) {
      if (allowed !== undefined && !allowed.has(passage)) continue;
      if (!snapshot.hasVector(passage)) continue;
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
  const rows = kept.map((passage) => snapshot.passageVector(passage)!);
  return { kept, passages, documents, ...(await reduce(rows, snapshot.settings.dim)) };
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
