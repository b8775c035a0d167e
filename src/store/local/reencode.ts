import { FlatIndexBuilder, InvertedIndex } from '../../index/index.ts';
import type { CollectionSettings, PassageToEncode, ReencodeOptions } from '../types.ts';
import type { ContainerWriter } from './container.ts';
import { everyPassage, MergeSource } from './sources.ts';
import type { SegmentView } from './views.ts';

/** Passages that are encoded in one call. */
const AT_ONCE = 512;
/** Passages between two yields of index building. */
const STEP = 64;

/** The live documents of a segment, in their order, with other vectors. */
export class ReencodedSource extends MergeSource {
  readonly #view: SegmentView;
  readonly #vectors: readonly (Float32Array | undefined)[];

  /** @param vectors of the live passages, in their order. */
  constructor(view: SegmentView, settings: CollectionSettings, vectors: readonly (Float32Array | undefined)[]) {
    super([view], settings);
    this.#view = view;
    this.#vectors = vectors;
  }

  override *writeIndexes(container: ContainerWriter): Generator<void> {
    const live = this.#view.livePassages ?? everyPassage(this.#view);
    for (const [name, bytes] of InvertedIndex.merge([{ index: this.#view.segment.lexical, live }])) {
      container.section(name, bytes);
      yield;
    }
    const builder = new FlatIndexBuilder(this.settings.dim);
    for (const [i, vector] of this.#vectors.entries()) {
      builder.add(vector);
      if (i % STEP === 0) yield;
    }
    for (const [name, bytes] of builder.build()) container.section(name, bytes);
    yield;
  }
}

/** The vectors of a segment's live passages, in their order. */
export async function encodeAgain(
  view: SegmentView,
  vectors: NonNullable<ReencodeOptions['vectors']>,
  signal: AbortSignal | undefined,
): Promise<(Float32Array | undefined)[]> {
  const { segment } = view;
  const made: (Float32Array | undefined)[] = [];
  let waiting: PassageToEncode[] = [];
  const flush = async () => {
    signal?.throwIfAborted();
    made.push(...(await vectors(waiting)));
    waiting = [];
  };
  for (const document of view.liveDocuments()) {
    const { title, language } = segment.record(document);
    const text = segment.documentText(document);
    for (let passage = segment.firstPassage(document); passage < segment.firstPassage(document + 1); passage++) {
      const { start, end, headings } = segment.passage(passage);
      waiting.push({ title, headings, text: text.slice(start, end), language });
      if (waiting.length >= AT_ONCE) await flush();
    }
  }
  if (waiting.length > 0) await flush();
  return made;
}
