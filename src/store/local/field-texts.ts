import { createHash } from 'node:crypto';
import { type FieldSource, sourceText } from '../../corpus/index.ts';
import type { FieldText } from '../types.ts';
import { KEY_BYTES } from './field-file.ts';
import type { SegmentView } from './views.ts';

/** What an item is made from, as a hash: the same text in another segment has the same. */
export function textKey({ text, language }: FieldText): Uint8Array {
  return createHash('sha256').update(`${language}\n${text}`).digest().subarray(0, KEY_BYTES);
}

/**
 * What a field is made of for the passages from `from` on, some at a time: `size` of live documents, and those of dead ones between.
 * Undefined for a passage that the field has nothing of.
 */
export function* batchesOf(
  view: SegmentView,
  of: FieldSource,
  from: number,
  size: number,
): Generator<(FieldText | undefined)[]> {
  const { segment, entry, dead } = view;
  if (from >= entry.passages) return;
  const needsText = of === 'passage' || of === 'text';
  let batch: (FieldText | undefined)[] = [];
  let live = 0;
  for (let document = segment.documentOf(from); document < entry.documents; document++) {
    const end = segment.firstPassage(document + 1);
    let passage = Math.max(from, segment.firstPassage(document));
    if (passage >= end) continue;
    if (dead?.has(document) === true) {
      for (; passage < end; passage++) batch.push(undefined);
      continue;
    }
    const record = segment.record(document);
    const whole = needsText ? segment.documentText(document) : '';
    for (; passage < end; passage++) {
      const { start, end: stop, headings } = segment.passage(passage);
      const text = sourceText(of, record, { headings, text: whole.slice(start, stop) });
      batch.push(text === '' ? undefined : { text, language: record.language });
      if (++live < size) continue;
      yield batch;
      batch = [];
      live = 0;
    }
  }
  if (batch.length > 0) yield batch;
}
