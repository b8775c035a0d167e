import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { markdownBlocks, TermNumbers } from '../text/index.ts';
import { embeddingText } from './embedding-text.ts';
import { preparePassages } from './passages.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

/** Three letters a token, as if every word were rare. */
const count = async (text: string) => Math.ceil(text.replace(/\s+/g, '').length / 3);

describe('passages for an encoder', () => {
  const random = new Random(7);
  const word = () => 'abcdefghijklmnopqrstuvwxyz'.slice(random.below(20)).slice(0, 3 + random.below(14));
  const sentence = () => `${Array.from({ length: 5 + random.below(30) }, word).join(' ')}.`;
  const text = Array.from(
    { length: 12 },
    (_, i) => `${'#'.repeat(1 + (i % 3))} Part ${i}\n\n${Array.from({ length: 9 }, sentence).join(' ')}`,
  ).join('\n\n');
  const document = { title: 'All parts', text, blocks: markdownBlocks(text).blocks };

  it('are read to their end, and together hold every word of the text', async () => {
    for (const tokens of [40, 100, 254]) {
      const { passages, cut } = await preparePassages(document, 'en', DEFAULT_SETTINGS, new TermNumbers(), {
        tokens,
        count,
      });
      expect(cut).toBe(0);
      for (const passage of passages) expect(await count(passage.embeddingText)).toBeLessThanOrEqual(tokens);
      const covered = new Uint8Array(text.length);
      for (const { start, end } of passages) covered.fill(1, start, end);
      for (let i = 0; i < text.length; i++) if (/\w/.test(text[i]!)) expect(covered[i]).toBe(1);
      for (let i = 1; i < passages.length; i++)
        expect(passages[i]!.start).toBeGreaterThanOrEqual(passages[i - 1]!.start);
    }
  });

  it('stay as they are where they fit', async () => {
    const free = await preparePassages(document, 'en', DEFAULT_SETTINGS, new TermNumbers());
    const wide = await preparePassages(document, 'en', DEFAULT_SETTINGS, new TermNumbers(), { tokens: 100_000, count });
    expect(wide).toEqual(free);
  });

  it('are counted where they cannot be divided: a title that is longer than what is read', async () => {
    const title = Array.from({ length: 500 }, word).join(' ');
    const { passages, cut } = await preparePassages({ ...document, title }, 'en', DEFAULT_SETTINGS, new TermNumbers(), {
      tokens: 60,
      count,
    });
    expect(cut).toBe(passages.length);
    expect(embeddingText('A', ['B'], 'A is a letter')).toBe('B\nA is a letter');
  });
});
