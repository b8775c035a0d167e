import { openCollection } from 'sagitta-search';
import type { TuneExample } from 'sagitta-search/train';

/** Documents speak of things by one name, queries by another: what an adapter can learn, and no encoder of hashes knows. */
export const THINGS = 48;

export const word = (kind: string, i: number) => `${kind}${'abcdefgh'[i % 8]}${'mnopqrst'[Math.floor(i / 8)]}`;

export const documents = Array.from({ length: THINGS }, (_, i) => ({
  id: `d${i}`,
  text: `The ${word('formal', i % 8)} ${word('proper', Math.floor(i / 8))} is described here.`,
}));

export const examples: TuneExample[] = documents.flatMap(({ id }, i) =>
  ['how to', 'what is', 'fix my'].map((phrase) => ({
    query: `${phrase} ${word('slang', i % 8)} ${word('nick', Math.floor(i / 8))}`,
    relevant: [id],
  })),
);

export async function collectionIn(path: string, encoder = 'hash:128') {
  const collection = await openCollection(path, { create: true, encoder });
  await collection.add(documents);
  return collection;
}

const STONES = ['amber', 'basalt', 'chalk', 'dolomite', 'emerald', 'flint', 'granite', 'halite'];

/** Two pages about each stone, which searches find alike, the draft first. */
export const drafts = STONES.flatMap((stone) => [
  { id: `${stone}-draft`, text: `draft about ${stone}` },
  { id: `${stone}-official`, text: `official page, complete and checked, about ${stone}` },
]);

/** People want the official page. */
export const wantOfficial: TuneExample[] = ['how', 'what', 'where', 'who', 'why', 'when', 'which', 'whose'].flatMap(
  (word) => STONES.map((stone) => ({ query: `${word} ${stone}`, relevant: [`${stone}-official`] })),
);
