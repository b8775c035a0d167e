import { describe, expect, it } from 'vitest';
import { TermNumbers } from '../text/index.ts';
import { blocksOf, languageOf, preparePassages } from './passages.ts';
import { analyzeQuery } from './query-analysis.ts';
import { DEFAULT_SETTINGS, resolveSettings } from './settings.ts';

describe('preparePassages', () => {
  const numbers = new TermNumbers();
  const named = (list: Uint32Array) => Array.from(list, (number) => numbers.names[number]!);
  const text = '# Keys\n\nIntroduction.\n\n## Rotation\n\nRotate the signing key every ninety days.\n';
  const document = { title: 'Keys', text, blocks: blocksOf({ id: 'k', text, format: 'markdown' }) };

  it('makes fields of text, title and headings, with their boosts', async () => {
    const { passages } = await preparePassages(document, 'en', { ...DEFAULT_SETTINGS, titleBoost: 2 }, numbers);
    expect(passages).toHaveLength(1);
    const [body, title] = passages[0]!.fields;
    expect(body).toMatchObject({ boost: 1 });
    expect(named(body!.terms)).toContain('rotat');
    expect(named(title!.terms)).toEqual(['key']);
    expect(title!.boost).toBe(2);
  });

  it('leaves out a field whose boost is 0', async () => {
    const {
      passages: [passage],
    } = await preparePassages(document, 'en', { ...DEFAULT_SETTINGS, titleBoost: 0, headingBoost: 0 }, numbers);
    expect(passage!.fields).toEqual([
      expect.objectContaining({ boost: 1 }),
      { terms: expect.any(Uint32Array), boost: 1, length: 0, words: expect.any(Uint32Array) },
    ]);
    const { terms, words } = passage!.fields[1]!;
    expect(named(terms).sort()).toEqual(['introduction', 'rotation', 'signing', 'the']);
    // Texts that do not follow one another have an empty word between them: the title, two headings, the passage.
    expect(named(words!).join(' ')).toMatch(
      /^keys {2}keys introduction rotation rotate the signing key every ninety days$|^keys {2}keys {2}/,
    );
  });

  it('tells the encoder the title, but not twice', async () => {
    const plain = { title: 'Keys', text: 'They rotate.', blocks: blocksOf({ id: 'k', text: 'They rotate.' }) };
    expect((await preparePassages(plain, 'en', DEFAULT_SETTINGS, numbers)).passages[0]!.embeddingText).toBe(
      'Keys\nThey rotate.',
    );
    const same = { ...plain, title: 'They rotate' };
    expect((await preparePassages(same, 'en', DEFAULT_SETTINGS, numbers)).passages[0]!.embeddingText).toBe(
      'They rotate.',
    );
  });
});

describe('preparing a long document', () => {
  it('lets others have their turn, and stops when it is told to', async () => {
    const text = 'The harbour master wrote a letter. '.repeat(20_000);
    const long = { title: 'Letters', text, blocks: blocksOf({ id: 'l', text }) };
    const controller = new AbortController();
    const preparing = preparePassages(long, 'en', DEFAULT_SETTINGS, new TermNumbers(), undefined, controller.signal);
    setTimeout(() => controller.abort(new Error('enough')), 1);
    // A timer comes only when others have their turn, and to an end it would not come at all.
    await expect(preparing).rejects.toThrow('enough');
  });
});

describe('languageOf', () => {
  const blocks = [] as const;
  it('prefers what the document declares', () => {
    expect(languageOf({ title: '', text: 'hello', blocks, language: 'pt-BR' }, DEFAULT_SETTINGS)).toBe('pt');
  });

  it('detects otherwise, and admits when it cannot tell', () => {
    const german = 'Der Schlüssel für die Signatur wird alle neunzig Tage erneuert, und alte Schlüssel gelten weiter.';
    expect(languageOf({ title: '', text: german, blocks }, DEFAULT_SETTINGS)).toBe('de');
    expect(languageOf({ title: '', text: '0x1f 77 88', blocks }, DEFAULT_SETTINGS)).toBe('und');
    expect(languageOf({ title: '', text: german, blocks }, { ...DEFAULT_SETTINGS, detectLanguage: false })).toBe('en');
  });
});

describe('analyzeQuery', () => {
  it('counts a term that several analyses agree on once', () => {
    const { terms } = analyzeQuery('docker docker schlüssel', ['en', 'de']);
    expect(terms.find(({ term }) => term === 'docker')).toEqual({ term: 'docker', weight: 2 });
    expect(new Set(terms.map(({ term }) => term)).size).toBe(terms.length);
  });
});

describe('resolveSettings', () => {
  it('fills in defaults', () => {
    expect(resolveSettings()).toEqual(DEFAULT_SETTINGS);
    expect(resolveSettings({ passageTokens: 40 }).passageOverlap).toBe(20);
  });

  it.each([
    [{ passageTokns: 5 }, /Did you mean "passageTokens"/],
    [{ passageTokens: 3 }, /whole number from 10 to 10000/],
    [{ passageOverlap: 150 }, /whole number from 0 to 100/],
    [{ titleBoost: -1 }, /from 0/],
    [{ language: 'English' }, /ISO 639-1/],
  ])('refuses %j', (settings, message) => {
    expect(() => resolveSettings(settings as never)).toThrow(message);
  });
});
