import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sentencesOf } from '../../src/answer/index.ts';
import { Random } from '../../src/base/random.ts';
import type { Lab } from '../grading/lab.ts';

/** Texts of one length, each with a pass key and a fact somewhere, and what asks for them. */
export interface Needles {
  readonly documents: readonly string[];
  /** Text by unit: `passkey:N` and `needle:N` ask for document N. */
  readonly queries: ReadonlyMap<string, string>;
  /** Mean share of a document's tokens that stand before the sentence that is asked for. */
  readonly depth: number;
}

const FIRST = words(
  'Ada Boris Clara Dmitri Esther Farid Greta Hugo Ingrid Jonas Katya Leopold Miriam Nikolai Olga Pedro Quentin Rosa Stefan Tamara Ulrich Vera Wilhelm Xavier Yvonne Zoltan Amina Bruno Celeste Dorothea Emil Fatima Gustav Helga Isidore Judith Klaus Lucinda Matteo Noor Oskar Priya Rafael Sigrid Tobias Ursula Viktor Wanda Yusuf Zelda',
);
const LAST = words(
  'Abbott Bellamy Crane Dalton Everett Falk Garrick Holt Irving Jansen Kowalski Lindqvist Moreau Novak Okafor Pereira Quigley Romano Sato Thornton Ueda Vasquez Whitaker Xu Yilmaz Zhou Andersen Bianchi Castillo Dubois Eriksen Fischer Gallagher Hoffmann Ivanov Jacobs Kaplan Larsson Mbeki Nakamura Ortega Petrov Rahman Schneider Tanaka Ulvaeus Varga Winslow Yates Zimmer',
);
const TOWNS = words(
  'Antwerp Bergen Cadiz Dundee Esbjerg Faro Ghent Haifa Izmir Jaffa Kiel Lisbon Malmo Naples Ostend Porto Quimper Riga Split Trieste Utrecht Valencia Warsaw Xanthi York',
);
const THINGS = words('lantern violin bucket teapot compass saddle mirror kettle ladder barrel telescope carpet');
const VERBS = words('repair polish borrow paint trade carve weigh rent');

/** What is said of a town, and how one asks for it. */
const FACTS: readonly ((town: string, verb: string, thing: string) => readonly [fact: string, query: string])[] = [
  (town, verb, thing) => [
    `The best thing to do in ${town} is to ${verb} a ${thing} by the old harbour.`,
    `What is the best thing to do in ${town}?`,
  ],
  (town, verb, thing) => [
    `Children in ${town} learn at school how to ${verb} a ${thing}.`,
    `What do children in ${town} learn at school?`,
  ],
  (town, verb, thing) => [
    `The mayor of ${town} was elected because she promised to ${verb} the great ${thing}.`,
    `Why was the mayor of ${town} elected?`,
  ],
  (town, verb, thing) => [
    `It is forbidden in ${town} to ${verb} a ${thing} after midnight.`,
    `What is forbidden in ${town} after midnight?`,
  ],
];

/**
 * A hundred documents of so many tokens: one text of an encyclopedia, the same for all, with a sentence that gives somebody's pass key and one that says something of a town, each before a
 * sentence that is drawn at random (Zhu et al. 2024, LongEmbed, arXiv 2404.12096, section 4.1).
 * @param tokens of each document, special ones included. @param count of tokens in a text. @throws NeedsData.
 */
export async function needles(lab: Lab, tokens: number, count: (text: string) => Promise<number>): Promise<Needles> {
  const random = new Random(11);
  const filler = await fillerOf(lab, 2 * tokens, count);
  const names = [...FIRST, ...FIRST].map(
    (first, i) => `${first} ${LAST[(i * 7 + (i < FIRST.length ? 0 : 3)) % LAST.length]}`,
  );
  const documents: string[] = [];
  const queries = new Map<string, string>();
  let depth = 0;
  for (const [i, name] of names.entries()) {
    const key = 10_000 + random.below(90_000);
    const [fact, question] = FACTS[i % FACTS.length]!(
      TOWNS[Math.floor(i / FACTS.length)]!,
      VERBS[random.below(VERBS.length)]!,
      THINGS[random.below(THINGS.length)]!,
    );
    const hidden = [`${name}'s pass key is ${key}. Remember it. ${key} is the pass key for ${name}.`, fact];
    let room = tokens - 2;
    for (const sentence of hidden) room -= await count(sentence);
    const sentences: string[] = [];
    for (const { text, tokens: own } of filler) {
      if (own > room) break;
      sentences.push(text);
      room -= own;
    }
    const all = [...sentences];
    for (const sentence of hidden) all.splice(random.below(all.length + 1), 0, sentence);
    for (const sentence of hidden) {
      const text = all.join(' ');
      depth += text.indexOf(sentence) / text.length / (2 * names.length);
    }
    documents.push(all.join(' '));
    queries.set(`passkey:${i}`, `What is the pass key for ${name}?`);
    queries.set(`needle:${i}`, question);
  }
  return { documents, queries, depth };
}

/** Sentences of the first passages of an encyclopedia, of so many tokens together. */
async function fillerOf(lab: Lab, tokens: number, count: (text: string) => Promise<number>) {
  const lines = (await readFile(join(lab.folder('clapnq_dev'), 'corpus.jsonl'), 'utf8')).split('\n');
  const sentences: { readonly text: string; readonly tokens: number }[] = [];
  let sum = 0;
  for (const line of lines) {
    const { text } = JSON.parse(line) as { text: string };
    for (const { start, end } of sentencesOf(text)) {
      const sentence = text.slice(start, end).trim();
      const own = await count(sentence);
      if (own < 8 || own > 48) continue;
      sentences.push({ text: sentence, tokens: own });
      sum += own;
      if (sum > tokens) return sentences;
    }
  }
  return sentences;
}

function words(list: string): readonly string[] {
  return list.split(' ');
}
