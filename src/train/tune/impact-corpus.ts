import type { Hits } from '../../base/hits.ts';
import { MemorySections } from '../../base/sections.ts';
import type { Representation, WeightedTerm } from '../../content/index.ts';
import { type FieldParams, type IndexingSettings, sourceText, weighedTerms } from '../../corpus/index.ts';
import { speaks, type TermEncoder } from '../../encode/index.ts';
import { ImpactIndex, ImpactIndexBuilder } from '../../index/index.ts';
import { SnapshotCorpus } from '../../store/corpus.ts';
import type { OpenFieldEncoder, Snapshot } from '../../store/types.ts';

/** Passages that are weighed at once. */
const BATCH = 256;

/** A snapshot as it would be searched if it had a field of impacts. */
export class ImpactCorpus extends SnapshotCorpus {
  /** @param index of the field: items are ordinals of passages. */
  constructor(
    snapshot: Snapshot,
    settings: IndexingSettings,
    open: OpenFieldEncoder,
    private readonly name: string,
    encoder: TermEncoder,
    readonly index: ImpactIndex,
  ) {
    super(snapshot, settings, open, [
      { name, of: 'passage', kind: 'impacts', encoder: encoder.id, open: async () => encoder },
    ]);
  }

  override async search(name: string, query: Representation, params: FieldParams): Promise<Hits> {
    if (name !== this.name) return super.search(name, query, params);
    return this.index.search(query as readonly WeightedTerm[], params);
  }

  override async score(name: string, query: Representation, passages: Uint32Array): Promise<Float32Array> {
    if (name !== this.name) return super.score(name, query, passages);
    return this.index.scores(query as readonly WeightedTerm[], passages);
  }
}

/** The impacts of all passages by an encoder. */
export async function impactsOf(
  snapshot: Snapshot,
  settings: IndexingSettings,
  encoder: TermEncoder,
  signal?: AbortSignal,
): Promise<ImpactIndex> {
  const builder = new ImpactIndexBuilder();
  let waiting: { readonly ordinal: number; readonly text: string; readonly language: string }[] = [];
  const flush = async () => {
    const items = await weighedTerms(encoder, waiting, settings, signal === undefined ? {} : { signal });
    for (const [i, { ordinal }] of waiting.entries()) {
      while (builder.count < ordinal) builder.add(undefined);
      builder.add(items[i]);
    }
    waiting = [];
  };
  for (const document of snapshot.liveDocuments()) {
    const record = snapshot.document(document);
    if (!speaks(encoder, record.language)) continue;
    const { from, to } = snapshot.documentPassages(document);
    for (let ordinal = from; ordinal < to; ordinal++) {
      const { headings } = snapshot.passage(ordinal);
      const text = sourceText('passage', record, { headings, text: snapshot.passageText(ordinal) });
      if (text !== '' && waiting.push({ ordinal, text, language: record.language }) === BATCH) await flush();
    }
  }
  await flush();
  while (builder.count < snapshot.passageSpace) builder.add(undefined);
  return ImpactIndex.open(new MemorySections(builder.build()));
}
