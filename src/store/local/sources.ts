import { BitSet } from '../../base/bits.ts';
import type { DocumentRecord, PassageRecord } from '../../content/index.ts';
import { MEANING } from '../../corpus/index.ts';
import { InvertedIndex, InvertedIndexBuilder } from '../../index/index.ts';
import type { CollectionSettings, VectorFieldSettings } from '../types.ts';
import type { ContainerWriter } from './container.ts';
import { FIELD_KINDS } from './field-kinds.ts';
import { vectorFields } from './manifest-types.ts';
import type { PendingDocument } from './pending.ts';
import type { SegmentSource } from './segment-writer.ts';
import type { SegmentView } from './views.ts';

/** Passages between two yields of index building. */
const STEP = 64;

/** A segment made of new documents. */
export class PendingSource implements SegmentSource {
  constructor(
    readonly documents: readonly PendingDocument[],
    readonly settings: CollectionSettings,
  ) {}

  *records(): Generator<DocumentRecord> {
    for (const { record } of this.documents) yield record;
  }

  *texts(): Generator<Iterable<string>> {
    for (const { text } of this.documents) yield [text];
  }

  *passages(): Generator<Iterable<PassageRecord>> {
    for (const { passages } of this.documents) yield passages.map(({ record }) => record);
  }

  *writeIndexes(container: ContainerWriter): Generator<void> {
    yield* this.#lexical(container);
    const meaning = vectorFields(this.settings).find(({ name }) => name === MEANING);
    if (meaning !== undefined) yield* this.writeField(meaning, container);
  }

  *#lexical(container: ContainerWriter): Generator<void> {
    const builder = new InvertedIndexBuilder(this.settings.bm25);
    let done = 0;
    for (const document of this.documents) {
      for (const passage of document.passages) {
        builder.addNumbered(passage.fields, document.numbers);
        if (++done % STEP === 0) yield;
      }
    }
    for (const [name, bytes] of builder.build()) container.section(name, bytes);
    yield;
  }

  *writeField({ name, kind, dim }: VectorFieldSettings, container: ContainerWriter): Generator<void> {
    const builder = FIELD_KINDS[kind].builder(dim);
    let done = 0;
    for (const { passages } of this.documents) {
      for (const { items } of passages) {
        builder.add(items.get(name));
        if (++done % STEP === 0) yield;
      }
    }
    builder.writeTo(container);
    yield;
  }
}

/** A segment made of the live documents of others, in their order. */
export class MergeSource implements SegmentSource {
  constructor(
    readonly parts: readonly SegmentView[],
    readonly settings: CollectionSettings,
  ) {}

  *records(): Generator<DocumentRecord> {
    for (const { segment, dead } of this.parts) {
      let document = 0;
      for (const record of segment.records()) {
        if (dead?.has(document++) !== true) yield record;
      }
    }
  }

  *texts(): Generator<Iterable<string>> {
    for (const view of this.parts) {
      const { segment } = view;
      for (const document of view.liveDocuments()) {
        yield segment.texts.pieces(segment.textStart(document), segment.textStart(document + 1));
      }
    }
  }

  *passages(): Generator<Iterable<PassageRecord>> {
    for (const view of this.parts) {
      const { segment } = view;
      for (const document of view.liveDocuments()) {
        const from = segment.firstPassage(document);
        yield Array.from({ length: segment.firstPassage(document + 1) - from }, (_, i) => segment.passage(from + i));
      }
    }
  }

  *writeIndexes(container: ContainerWriter): Generator<void> {
    const lexical = this.parts.map((view) => ({ index: view.segment.lexical, live: liveOf(view) }));
    for (const [name, bytes] of InvertedIndex.merge(lexical)) {
      container.section(name, bytes);
      yield;
    }
    const meaning = vectorFields(this.settings).find(({ name }) => name === MEANING);
    if (meaning !== undefined) yield* this.writeField(meaning, container);
  }

  *writeField({ name, kind }: VectorFieldSettings, container: ContainerWriter): Generator<void> {
    const parts = this.parts.map((view) => ({ index: view.index(name)!, live: liveOf(view) }));
    yield* FIELD_KINDS[kind].merge(parts, container);
  }
}

function liveOf({ livePassages, entry }: SegmentView): BitSet {
  return livePassages ?? everyPassage(entry.passages);
}

/** The passages 0 to `count - 1`. */
export function everyPassage(count: number): BitSet {
  const every = new BitSet(count);
  every.addRange(0, count);
  return every;
}
