import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptFileError } from '../../base/errors.ts';
import { type Piece, UnigramTokenizer } from './unigram.ts';
import { weightsFolder } from './weights.ts';

const vocabulary: Piece[] = JSON.parse(readFileSync(join(weightsFolder(), 'vocab.json'), 'utf8'));
const { EmbeddingsModel } = createRequire(import.meta.url)('@energetic-ai/embeddings');
const oracle: { encode(text: string): number[] } = new EmbeddingsModel({ vocabulary, model: null }).tokenizer;
const tokenizer = new UnigramTokenizer(vocabulary);

// Dense in what is special: pieces without a score (":"), with a positive one (":30"), listed twice, unknown characters.
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...' :30”5aest.,!-\n\u2581ü漢字éﬁ½', '😀', '\ud800', '://', ':30', '”5', ' the', 'ing', '  '),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe('the unigram tokenizer', () => {
  it('gives exactly the tokens of @energetic-ai/embeddings for any text', () => {
    fc.assert(
      fc.property(text, (input) => {
        expect(tokenizer.encode(input)).toEqual(oracle.encode(input));
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the beginning of the same tokens when fewer are asked for', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 20 }), (input, limit) => {
        expect(tokenizer.encode(input, limit)).toEqual(tokenizer.encode(input).slice(0, limit));
      }),
    );
  });

  it('splits words into known pieces and joins neighbouring unknown characters', () => {
    const pieces = (input: string) => tokenizer.encode(input).map((id) => vocabulary[id]![0]);
    expect(pieces('the retrieval')).toEqual(['▁the', '▁re', 't', 'rie', 'val']);
    expect(tokenizer.encode('漢字')).toEqual([...tokenizer.encode(' ').slice(0, 1), 0]);
    expect(pieces('')).toEqual([]);
  });

  it('takes time linear in the text, and none beyond the limit', () => {
    const long = 'y'.repeat(2_000_000);
    expect(tokenizer.encode(long).length).toBeGreaterThan(100_000);
    const start = performance.now();
    for (let i = 0; i < 20; i++) tokenizer.encode('all work and no play '.repeat(5000), 128);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('refuses a vocabulary with which decoding would go wrong', () => {
    const control: Piece[] = Array.from({ length: 6 }, (_, i) => [`<${i}>`, 0]);
    const broken: (readonly Piece[])[] = [
      [],
      control,
      [...control, ['', -1]],
      [...control, ['a', Number.NaN]],
      [...control, ['a', -1], ['a▁', -1]],
      [...control, ['ab', -1]],
      [...control, [7 as unknown as string, -1]],
      [...control, ['a'.repeat(300), -1]],
    ];
    for (const pieces of broken) expect(() => new UnigramTokenizer(pieces)).toThrow(CorruptFileError);
    expect(new UnigramTokenizer([...control, ['▁', -2], ['a', -1]]).encode('a')).toEqual([6, 7]);
  });
});
