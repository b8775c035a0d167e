// What do whole forms of words and places of words cost, and what do phrases cost with them? On WordNet's entries: size of the index, and phrases
// per second by places against reading the texts that have all words of the phrase. `npm run bench -- phrases`.
import { MemorySections, type SectionData } from '../src/base/index.ts';
import { Random } from '../src/base/random.ts';
import { furtherForms } from '../src/corpus/passages.ts';
import { InvertedIndex, InvertedIndexBuilder, type NumberedField } from '../src/index/index.ts';
import { type Analyzer, analyzerFor, phraseWords, TermNumbers } from '../src/text/index.ts';
import { interleave, median, pairedRatio, report } from './harness.ts';
import { readCollection } from './lib-beir.ts';
import { readWordNet } from './lib-wordnet.ts';

const QUERIES = 200;
const ROUNDS = 5;
const SEED = 20_240_503;
const texts = readWordNet().map(({ text }) => text);
const english = analyzerFor('en');

type Fields = (text: string, numbers: TermNumbers) => NumberedField[];

function indexed(texts: readonly string[], fields: Fields): SectionData {
  const builder = new InvertedIndexBuilder();
  const numbers = new TermNumbers();
  for (const text of texts) builder.addNumbered(fields(text, numbers), numbers);
  return builder.build();
}
const stems =
  (analyzer: Analyzer): Fields =>
  (text, numbers) => [{ terms: analyzer.read(text, numbers).terms, boost: 1 }];
const forms =
  (analyzer: Analyzer): Fields =>
  (text, numbers) => {
    const reading = analyzer.read(text, numbers);
    const own = [{ terms: reading.terms, boost: 1 }];
    return [...own, furtherForms([reading], own, numbers)];
  };
const places =
  (analyzer: Analyzer): Fields =>
  (text, numbers) => {
    const [own, further] = forms(analyzer)(text, numbers) as [NumberedField, NumberedField];
    return [own, { ...further, words: analyzer.read(text, numbers).words }];
  };
const size = (sections: SectionData): number =>
  [...sections.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);

/** Postings to a block. */
const BLOCK = 128;

/** Bytes of the first edition's index of the same terms: arrays that were used as they lay, two bytes before each block, without places of words. */
function asFirstEdition(sections: SectionData): number {
  const index = InvertedIndex.open(new MemorySections(sections));
  const terms = [...index.terms()];
  const bytes = terms.reduce((sum, term) => sum + Buffer.byteLength(term), 0);
  const blocks = sections.get('lexical.block-bounds')!.length;
  const headers = blocks + terms.filter((term) => index.documentFrequency(term) <= BLOCK).length;
  const postings = sections.get('lexical.postings')!.length + headers;
  return 40 + 4 * index.count + 13 * index.termCount + 4 + bytes + 9 * blocks + postings;
}

/** Sizes of the indexes of one set of texts, and the largest of them. */
function sizes(set: string, texts: readonly string[], analyzer: Analyzer) {
  const stemmed = indexed(texts, stems(analyzer));
  const withPlaces = indexed(texts, places(analyzer));
  const first = asFirstEdition(stemmed);
  const [own, further, all] = [size(stemmed), size(indexed(texts, forms(analyzer))), size(withPlaces)];
  const row = {
    texts: set,
    'first edition MB': first / 1e6,
    stems: own / first,
    'and further forms': further / first,
    'and places of words': all / first,
  };
  return { row, sections: withPlaces, placesBytes: all - further };
}

const wordnet = sizes('WordNet', texts, english);
const rows = [wordnet.row];
for (const [set, language, corpus] of [
  ['scifact', 'en', 'corpus.jsonl'],
  ['xquad', 'de', 'corpus.de.jsonl'],
  ['xquad', 'zh', 'corpus.zh.jsonl'],
  ['pquad', 'fa', 'corpus.jsonl'],
] as const) {
  const collection = await readCollection(set, set === 'xquad' ? { corpus, queries: `queries.${language}.jsonl` } : {});
  if (collection === undefined) continue;
  const all = collection.documents.map(({ title, text }) => `${title}\n${text}`);
  rows.push(sizes(`${set} ${language}`, all, analyzerFor(language)).row);
}
const { sections } = wordnet;
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
report({
  name: 'phrases',
  threads: 1,
  columns: ['texts', 'first edition MB', 'stems', 'and further forms', 'and places of words'],
  rows,
  ratios: { 'phrases/s: places / reading texts': pairedRatio(perQuery.texts, perQuery.places) },
  notes: [
    `Sizes beside the first edition's index, which held stems alone. ${texts.length} WordNet entries of ${words} words; places take ${(wordnet.placesBytes / words).toFixed(2)} bytes a word, their dictionary included.`,
    `${QUERIES} phrases of three words of one entry (seed ${SEED}), ${found / 20} entries each; by places ${(1000 / median(perQuery.places)).toFixed(0)} a second.`,
    'Texts are in memory; both find the same.',
  ],
});
