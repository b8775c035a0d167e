import type { MapAnswer, MapParameters } from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { PrincipalComponents } from '../../codec/index.ts';
import type { Collection } from '../../collection/index.ts';
import { allowedPassages } from '../../search/index.ts';
import { summary } from './documents.ts';

/** Components that a point keeps: enough that neighbours stay neighbours, few enough to send. */
const COMPONENTS = 24;
/** Rows that the principal components are learned from. */
const SAMPLE = 1500;
/** Characters of a passage that a point shows. */
const SHOWN = 160;
const SEED = 1234;

/**
 * A sample of the passages' embeddings, reduced to their principal components: what a map of the collection is drawn
 * from. Same state and parameters, same answer. Costs seconds for vectors of 512 components; the caller keeps it.
 * @throws InvalidArgumentError for a collection without embeddings.
 */
export function sampleForMap(collection: Collection, { filter, points }: MapParameters): Promise<MapAnswer> {
  return collection.read(async (snapshot, corpus) => {
    if (snapshot.settings.dim === 0) {
      throw new InvalidArgumentError(
        'This collection has no embeddings, so there is no map of it.',
        'Index again into a new collection with an encoder.',
      );
    }
    const allowed = filter === undefined ? undefined : await allowedPassages(corpus, filter);
    const random = new Random(SEED);
    // Reservoir sampling (Vitter 1985, algorithm R): every passage has the same chance.
    const chosen: number[] = [];
    let passages = 0;
    for (const document of snapshot.liveDocuments()) {
      const { from, to } = snapshot.documentPassages(document);
      for (let passage = from; passage < to; passage++) {
        if (allowed !== undefined && !allowed.has(passage)) continue;
        if (chosen.length < points) chosen.push(passage);
        else {
          const place = random.below(passages + 1);
          if (place < points) chosen[place] = passage;
        }
        passages++;
      }
    }
    const kept: number[] = [];
    const rows: Float32Array[] = [];
    for (const passage of chosen.sort((a, b) => a - b)) {
      const vector = snapshot.passageVector(passage);
      if (vector === undefined) continue;
      kept.push(passage);
      rows.push(vector);
    }
    const reduced = await reduce(rows, snapshot.settings.dim);
    const { data } = reduced;
    return {
      passages,
      dim: reduced.dim,
      vectors: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
      points: kept.map((passage) => {
        const { start, document } = snapshot.passage(passage);
        const { path: _, ...shown } = summary(snapshot.document(document));
        return { ...shown, start, text: snapshot.passageText(passage).slice(0, SHOWN) };
      }),
    };
  });
}

async function reduce(rows: readonly Float32Array[], dim: number): Promise<Vectors> {
  const vectors = Vectors.fromRows(rows, dim);
  const kept = Math.min(COMPONENTS, dim);
  if (rows.length < 2 || dim <= COMPONENTS) return vectors;
  const components = new PrincipalComponents(dim, kept);
  await components.train(Vectors.fromRows(spread(rows, SAMPLE)));
  return components.apply(vectors);
}

/** At most `most` of the items, evenly spread. */
function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
}
