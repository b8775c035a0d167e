import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import type { RebuildOptions, RebuildReport, VectorIndexInfo } from '../types.ts';
import type { FileStamp } from './container.ts';
import type { Files } from './filesystem.ts';
import type { VectorIndexEntry } from './manifest-types.ts';
import { IvfModel, parseSpec } from './seldom.ts';
import { leastVectors, ModelFile } from './vector-lists.ts';
import type { SegmentView } from './views.ts';

const DEFAULT_SEED = 1234;
/** Vectors that a model learns from: so many for each list, and so many at the least, as far as they fit into so many bytes. */
const SAMPLE = { perList: 64, least: 65_536, bytes: 2 ** 29 } as const;

/**
 * Learns a model from vectors drawn from all segments.
 *
 * @throws InvalidArgumentError for a specification with a mistake, or one that the vectors are too few for.
 */
export async function trainModel(
  views: readonly SegmentView[],
  field: string,
  options: RebuildOptions,
): Promise<IvfModel> {
  const spec = parseSpec(options.spec);
  const { seed = DEFAULT_SEED, signal, onProgress } = options;
  const lists = spec.lists?.numbers[0] ?? 1;
  onProgress?.('sampling', 0);
  const sample = drawSample(views, field, Math.max(SAMPLE.least, SAMPLE.perList * lists), seed, signal);
  if (sample.count < lists) {
    throw new InvalidArgumentError(
      `The collection has ${sample.count} vectors, too few for ${lists} lists.`,
      `Ask for at most ${Math.max(1, Math.floor(sample.count / 16))} lists, or add documents first.`,
    );
  }
  return IvfModel.train(sample, spec, {
    seed,
    ...(options.codec === undefined ? {} : { codec: options.codec }),
    ...(options.centroids === undefined ? {} : { centroids: options.centroids }),
    ...(signal === undefined ? {} : { signal }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    onProgress: (done) => onProgress?.('training', done),
  });
}

/** Vectors of live passages, evenly spread over all segments. */
function drawSample(
  views: readonly SegmentView[],
  field: string,
  wanted: number,
  seed: number,
  signal?: AbortSignal,
): Vectors {
  const places = views.flatMap((view) => {
    const dense = view.flat(field);
    if (dense === undefined) return [];
    const live = view.livePassages;
    const items = live === undefined ? dense.items : dense.items.filter((item) => live.has(item));
    return items.length === 0 ? [] : [{ dense, items }];
  });
  const total = places.reduce((sum, { items }) => sum + items.length, 0);
  if (total === 0) {
    throw new InvalidArgumentError(
      'The collection has no vectors.',
      'Index documents with an encoder first; one that knows their language.',
    );
  }
  const dim = places[0]!.dense.dim;
  const count = Math.min(total, wanted, Math.floor(SAMPLE.bytes / (4 * dim)));
  const sample = Vectors.zeros(count, dim);
  const random = new Random(seed);
  const step = total / count;
  let place = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    if (i % 1024 === 0) signal?.throwIfAborted();
    const at = Math.min(total - 1, Math.floor((i + random.next()) * step));
    while (at - before >= places[place]!.items.length) before += places[place++]!.items.length;
    const { dense, items } = places[place]!;
    dense.read(items.subarray(at - before, at - before + 1), sample.row(i) as Float32Array<ArrayBuffer>);
  }
  return sample;
}

/** Opens a model file, reads it, and closes it. @throws CorruptFileError, IncompatibleError */
export function openModel(path: string, files: Files, expected: FileStamp): IvfModel {
  const file = new ModelFile(path, files, expected);
  try {
    return file.model;
  } finally {
    file.close();
  }
}

/** How the index stands, for `inspect`. */
export function indexInfo(
  views: readonly SegmentView[],
  field: string,
  vectorIndex: VectorIndexEntry,
): VectorIndexInfo {
  const { spec: _, ...covered } = coverage(views, field, vectorIndex);
  let weighted = 0;
  for (const view of views) {
    const lists = view.lists.get(field);
    if (lists !== undefined) weighted += lists.index.drift * lists.index.vectorCount;
  }
  return {
    spec: vectorIndex.spec,
    search: vectorIndex.search,
    ...covered,
    drift: covered.indexed === 0 ? 1 : weighted / covered.indexed,
  };
}

/** How much of the collection the index covers. */
export function coverage(
  views: readonly SegmentView[],
  field: string,
  vectorIndex: VectorIndexEntry | undefined,
): Omit<RebuildReport, 'generation'> {
  let indexed = 0;
  let scanned = 0;
  let small = 0;
  let bytes = vectorIndex?.model.bytes ?? 0;
  for (const view of views) {
    const vectors = view.flat(field)?.vectorCount ?? 0;
    if (view.lists.has(field)) indexed += vectors;
    else if (vectors > 0) {
      scanned += vectors;
      small++;
    }
    bytes += view.entry.lists.get(field)?.bytes ?? 0;
  }
  const spec = vectorIndex?.spec;
  const lists = spec === undefined ? undefined : parseSpec(spec).lists;
  return { spec, indexed, scanned, small, least: leastVectors(lists?.numbers[0] ?? 1), bytes };
}
