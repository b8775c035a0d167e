import { Random } from '../src/base/random.ts';
import type { CollectionSettings, NewDocument } from '../src/store/index.ts';
import { TermNumbers } from '../src/text/index.ts';

export const KILL_SETTINGS: CollectionSettings = {
  encoder: 'test',
  dim: 16,
  bm25: { k1: 0.9, b: 0.4 },
  options: {},
};

/** A document of a few passages, decided by its id and version. */
export function killDocument(id: string, version: number): NewDocument {
  const random = new Random(version);
  const numbers = new TermNumbers();
  const terms = [id, `v${version}`, ...Array.from({ length: 40 }, () => `t${random.below(500)}`)];
  const text = terms.join(' ');
  const passages = Array.from({ length: 1 + random.below(4) }, (_, i) => ({
    start: i,
    end: text.length - i,
    headings: [`h${random.below(9)}`],
    fields: [{ terms: numbers.encode(terms), boost: 1 }],
    vectors: { meaning: Float32Array.from({ length: KILL_SETTINGS.dim }, () => random.normal()) },
  }));
  return {
    id,
    title: id,
    format: 'text',
    language: 'en',
    contentHash: String(version),
    metadata: {},
    text,
    numbers,
    passages,
  };
}
