import type { Hits } from '../../base/hits.ts';
import type { Representation } from '../../content/index.ts';
import { type FieldParams, type IndexingSettings, MEANING } from '../../corpus/index.ts';
import type { FlatIndex } from '../../index/index.ts';
import { SnapshotCorpus } from '../../store/corpus.ts';
import type { FieldItem, OpenFieldEncoder, Snapshot } from '../../store/types.ts';

/**
 * A snapshot as it would be searched if its field `meaning` held other vectors. The field keeps the name of its encoder, and with it what is known
 * of relevance; `open` gives the encoder that the queries have.
 */
export class ReencodedCorpus extends SnapshotCorpus {
  /** @param index the other vectors: items are ordinals of passages. */
  constructor(
    snapshot: Snapshot,
    settings: IndexingSettings,
    open: OpenFieldEncoder,
    private readonly index: FlatIndex,
  ) {
    super(snapshot, settings, open);
  }

  override async search(name: string, query: Representation, params: FieldParams): Promise<Hits> {
    if (name !== MEANING) return super.search(name, query, params);
    return this.index.search(query as Float32Array, params);
  }

  override async score(name: string, query: Representation, passages: Uint32Array): Promise<Float32Array> {
    if (name !== MEANING) return super.score(name, query, passages);
    return this.index.scores(query as Float32Array, passages);
  }

  override async get(name: string, passages: Uint32Array): Promise<(FieldItem | undefined)[]> {
    if (name !== MEANING) return super.get(name, passages);
    return Array.from(passages, (passage) => this.index.vector(passage));
  }
}
