// What do whole forms of words and places of words cost, and what do phrases cost with them? On WordNet's entries: size of the index, and phrases
// per second by places against reading the texts that have all words of the phrase. `npm run bench -- phrases`.
import { MemorySections, type SectionData } from '../src/base/index.ts';
import { Random } from '../src/base/random.ts';
import { furtherForms } from '../src/corpus/passages.ts';
import { InvertedIndex, InvertedIndexBuilder, type NumberedField } from '../src/index/index.ts';
import { analyzerFor, phraseWords, TermNumbers } from '../src/text/index.ts';
import { interleave, median, pairedRatio, report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

const QUERIES = 200;
const ROUNDS = 5;
const SEED = 20_240_503;
const texts = readWordNet().map(({ text }) => text);
const english = analyzerFor('en');

const numbers = new TermNumbers();

function indexed(fields: (text: string) => NumberedField[]): SectionData {
  const builder = new InvertedIndexBuilder();
  for (const text of texts) builder.addNumbered(fields(text), numbers);
  return builder.build();
}
const stems = (text: string): NumberedField[] => [{ terms: english.read(text, numbers).terms, boost: 1 }];
const forms = (text: string): NumberedField[] => {
  const reading = english.read(text, numbers);
  const own = [{ terms: reading.terms, boost: 1 }];
  return [...own, furtherForms([reading], own, numbers)];
};
const size = (sections: SectionData): number =>
  [...sections.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
const places = (text: string): NumberedField[] => {
  const [own, further] = forms(text) as [NumberedField, NumberedField];
  return [own, { ...further, words: english.read(text, numbers).words }];
};
const without = size(indexed(stems));
const withForms = size(indexed(forms));
const sections = indexed(places);
const words = texts.reduce((sum, text) => sum + phraseWords(text).length, 0);
const index = InvertedIndex.open(new MemorySections(sections));

const random = new Random(SEED);
/** Three words in a row of some entry. */
const phrases = Array.from({ length: QUERIES }, () => {
  for (;;) {
    const own = phraseWords(texts[random.below(texts.length)]!);
    if (own.length < 6) continue;
    const at = random.below(own.length - 3);
    return own.slice(at, at + 3);
  }
});
function read(phrase: readonly string[]): number[] {
  const analysed = phrase.map((word) => english.analyze(word));
  let candidates: Set<number> | undefined;
  for (const { terms, stopWords } of analysed) {
    const [term] = terms.length > 0 ? terms : stopWords;
    if (term === undefined) continue;
    const { ids } = index.search([{ term, weight: 1 }], { k: texts.length });
    const known = candidates;
    candidates = new Set(known === undefined ? ids : [...ids].filter((id) => known.has(id)));
  }
  const wanted = ` ${phrase.join(' ')} `;
  return [...(candidates ?? [])].filter((id) => ` ${phraseWords(texts[id]!).join(' ')} `.includes(wanted));
}
let found = 0;
for (const phrase of phrases.slice(0, 20)) {
  const own = [...index.phrase(phrase)];
  if (
    own.join() !==
    read(phrase)
      .sort((a, b) => a - b)
      .join()
  )
    throw new Error(`"${phrase.join(' ')}" differs`);
  found += own.length;
}

const next = { places: 0, texts: 0 };
const times = await interleave(
  [
    {
      name: 'places',
      run: () => {
        for (let i = 0; i < QUERIES; i++) index.phrase(phrases[next.places++ % QUERIES]!);
      },
    },
    {
      name: 'texts',
      run: () => {
        for (let i = 0; i < 10; i++) read(phrases[next.texts++ % QUERIES]!);
      },
    },
  ],
  { rounds: ROUNDS },
);
const perQuery = {
  places: times.get('places')!.map((t) => t / QUERIES),
  texts: times.get('texts')!.map((t) => t / 10),
};
const row = (what: string, bytes: number) => ({ index: what, MB: bytes / 1e6, 'against stems': bytes / without });
report({
  name: 'phrases',
  threads: 1,
  columns: ['index', 'MB', 'against stems'],
  rows: [row('stems', without), row('stems and forms', withForms), row('stems, forms and places', size(sections))],
  ratios: { 'phrases/s: places / reading texts': pairedRatio(perQuery.texts, perQuery.places) },
  notes: [
    `${texts.length} WordNet entries of ${words} words; places take ${((size(sections) - withForms) / words).toFixed(2)} bytes a word, their dictionary included.`,
    `${QUERIES} phrases of three words of one entry (seed ${SEED}), ${found / 20} entries each; by places ${(1000 / median(perQuery.places)).toFixed(0)} a second.`,
    'Texts are in memory; both find the same.',
  ],
});
