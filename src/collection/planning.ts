import { InvalidArgumentError } from '../base/errors.ts';
import type { Parallel } from '../base/parallel.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import type { Encoder } from '../encode/encoder.ts';
import { type Budget, type Plan, plan } from '../index/index.ts';
import type { Snapshot } from '../store/types.ts';
import { sentenceStarts } from '../text/index.ts';

/** Options of {@link Collection.plan}. */
export interface CollectionPlanOptions extends Budget {
  /** Texts that people search for. Default: titles and sentences of the collection itself. */
  readonly queries?: readonly string[];
  /** How many titles and sentences are drawn where no queries are given. Default 1000. */
  readonly queryCount?: number;
  /** Specifications to try. Default: a range that suits the collection and the budget. */
  readonly specs?: readonly string[];
  /** Vectors looked at, drawn at random from larger collections. Default 200,000. */
  readonly sample?: number;
  /** No further specification is begun after so many seconds. Default 80. */
  readonly seconds?: number;
  /** Default 1234. */
  readonly seed?: number;
  /** What building candidates is dealt to; `openThreads` of `sagitta-search/threads`. Searches are measured on one thread in any case. */
  readonly threads?: Parallel;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string) => void;
}

const DEFAULTS = { queryCount: 1000, sample: 200_000, seed: 1234 } as const;
/** Passages looked at for each query wanted: not every one has a sentence that makes a query. */
const TRIES = 3;
/** Characters of a sentence that is a query. */
const [SHORTEST, LONGEST] = [16, 300];
/** Vectors read at once. */
const STEP = 4096;

/** Plans an index for the vectors of a snapshot; full-precision vectors stay on disk, as they do in a collection. */
export async function planSnapshot(
  snapshot: Snapshot,
  encoder: Encoder | undefined,
  options: CollectionPlanOptions,
): Promise<Plan> {
  if (encoder === undefined) {
    throw new InvalidArgumentError(
      'This collection has no embeddings, so there is no index of vectors to plan.',
      'Index again into a new collection with an encoder.',
    );
  }
  const { seed = DEFAULTS.seed, signal, onProgress } = options;
  const random = new Random(seed);
  onProgress?.('reading vectors');
  const all = passagesWithVectors(snapshot);
  const passages = drawn(all, options.sample ?? DEFAULTS.sample, random);
  const vectors = Vectors.zeros(passages.length, snapshot.settings.dim);
  for (let from = 0; from < passages.length; from += STEP) {
    signal?.throwIfAborted();
    const some = passages.subarray(from, from + STEP);
    snapshot.readVectors(some, vectors.slice(from, from + some.length).data as Float32Array<ArrayBuffer>);
  }
  const texts = options.queries ?? ownQueries(snapshot, all, options.queryCount ?? DEFAULTS.queryCount, random);
  onProgress?.(`encoding ${texts.length} queries`);
  const queries = await encoder.encode(texts, { role: 'query', ...(signal === undefined ? {} : { signal }) });
  const { bytes, recall, p95, specs, seconds } = options;
  return plan(vectors, {
    ...(bytes === undefined ? {} : { bytes }),
    ...(recall === undefined ? {} : { recall }),
    ...(p95 === undefined ? {} : { p95 }),
    ...(specs === undefined ? {} : { specs }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(signal === undefined ? {} : { signal }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    queries,
    seed,
    vectors: {
      read: (rows, target) =>
        snapshot.readVectors(
          rows.map((row) => passages[row]!),
          target,
        ),
    },
    onCandidate: (spec, number, of) => onProgress?.(`trying ${spec} (${number} of ${of})`),
  });
}

/** Ordinals of live passages that have a vector, ascending. */
export function passagesWithVectors(snapshot: Snapshot): Uint32Array {
  const passages: number[] = [];
  for (const document of snapshot.liveDocuments()) {
    const { from, to } = snapshot.documentPassages(document);
    for (let passage = from; passage < to; passage++) if (snapshot.hasVector(passage)) passages.push(passage);
  }
  return Uint32Array.from(passages);
}

/** `count` members in ascending order, or all of them. */
export function drawn(members: Uint32Array, count: number, random: Random): Uint32Array {
  if (members.length <= count) return members;
  const step = members.length / count;
  return Uint32Array.from({ length: count }, (_, i) => members[Math.floor((i + random.next()) * step)]!);
}

/**
 * Titles and sentences of passages drawn at random, half and half as far as there are titles: the nearest thing to queries that a
 * collection has of its own. No text twice.
 */
export function ownQueries(snapshot: Snapshot, passages: Uint32Array, count: number, random: Random): string[] {
  const texts = new Set<string>();
  for (const passage of random.shuffle([...drawn(passages, TRIES * count, random)])) {
    if (texts.size >= count) break;
    const { title } = snapshot.document(snapshot.passage(passage).document);
    if (texts.size % 2 === 0 && title.trim() !== '' && !texts.has(title)) texts.add(title);
    else {
      const found = sentencesOf(snapshot.passageText(passage));
      if (found.length > 0) texts.add(found[random.below(found.length)]!);
    }
  }
  return [...texts];
}

/** Sentences that are long enough to ask for something, and short enough for a query. */
function sentencesOf(text: string): string[] {
  const starts = sentenceStarts(text, 0, text.length);
  return starts
    .map((start, i) => text.slice(start, starts[i + 1]).trim())
    .filter(({ length }) => length >= SHORTEST && length <= LONGEST);
}
