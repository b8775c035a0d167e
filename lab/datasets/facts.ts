import { Random } from '../../src/base/random.ts';

/** What things are, and what is said of them. */
type Kind = 'person' | 'town' | 'company' | 'book';

/** How a relation is told, pointed at, and asked for; `A` is what it is of, `B` what it leads to. */
interface Relation {
  readonly of: Kind;
  readonly to: Kind;
  readonly told: string;
  readonly pointed: string;
  readonly asked: string;
}

const relation = (of: Kind, to: Kind, told: string, pointed: string, asked: string): Relation => ({
  of,
  to,
  told,
  pointed,
  asked,
});

const RELATIONS: readonly Relation[] = [
  relation('person', 'town', 'A was born in B.', 'the town where A was born', 'Where was A born?'),
  relation('person', 'company', 'A works for B.', 'the company that A works for', 'Which company does A work for?'),
  relation('person', 'book', 'A wrote the book B.', 'the book that A wrote', 'Which book did A write?'),
  relation('person', 'person', 'A is married to B.', 'the person whom A married', 'Who is married to A?'),
  relation('town', 'person', 'The mayor of A is B.', 'the mayor of A', 'Who is the mayor of A?'),
  relation('town', 'town', 'A is twinned with B.', 'the town that is twinned with A', 'Which town is A twinned with?'),
  relation(
    'town',
    'company',
    'The largest employer in A is B.',
    'the largest employer in A',
    'What is the largest employer in A?',
  ),
  relation('company', 'person', 'A was founded by B.', 'the founder of A', 'Who founded A?'),
  relation(
    'company',
    'town',
    'A has its headquarters in B.',
    'the town where A has its headquarters',
    'Where are the headquarters of A?',
  ),
  relation('company', 'company', 'A belongs to B.', 'the owner of A', 'Which company owns A?'),
  relation('book', 'company', 'A was published by B.', 'the publisher of A', 'Who published A?'),
  relation(
    'book',
    'town',
    'The story of A takes place in B.',
    'the town where A takes place',
    'Where does A take place?',
  ),
  relation('book', 'person', 'The pictures in A are by B.', 'the illustrator of A', 'Who drew the pictures in A?'),
];

const STARTS = [
  'Bar',
  'Cal',
  'Dor',
  'Fen',
  'Gal',
  'Hol',
  'Jor',
  'Kel',
  'Lan',
  'Mar',
  'Nor',
  'Per',
  'Ros',
  'Sel',
  'Tor',
  'Ven',
  'Wil',
  'Zan',
];
const MIDDLES = ['a', 'e', 'i', 'o', 'an', 'en', 'il', 'or', 'ar', 'et'];
const ENDS: Readonly<Record<Kind, readonly string[]>> = {
  person: ['dra', 'kin', 'las', 'mund', 'nell', 'rick', 'sa', 'ton', 'vin'],
  town: ['bridge', 'burgh', 'field', 'ford', 'ham', 'mouth', 'stead', 'wick'],
  company: ['co', 'dyne', 'lux', 'tec', 'tron', 'vex'],
  book: ['dance', 'fall', 'light', 'night', 'rain', 'song', 'wood'],
};

/** Facts about invented things, and questions that two of them answer one after the other. */
export interface Facts {
  readonly passages: readonly string[];
  readonly questions: readonly FactQuestion[];
}

export interface FactQuestion {
  readonly text: string;
  /** Numbers of the passages, the first leading to the second. */
  readonly chain: readonly [number, number];
  /** Number of the thing that it begins with. */
  readonly about: number;
}

/** @param things of each kind; there are twice as many people. Each has one fact of every relation of its kind. */
export function madeFacts(things: number, seed: number): Facts {
  const random = new Random(seed);
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
  const names: { readonly kind: Kind; readonly name: string }[] = [];
  const taken = new Set<string>();
  for (const [kind, count] of [
    ['person', 2 * things],
    ['town', things],
    ['company', things],
    ['book', things],
  ] as const) {
    const word = (end: Kind) => pick(STARTS) + pick(MIDDLES) + pick(ENDS[end]);
    for (let made = 0; made < count; ) {
      const name =
        kind === 'person'
          ? `${word(kind)} ${word('town')}`
          : kind === 'book'
            ? `The ${word(kind)} of ${word('person')}`
            : word(kind);
      if (taken.has(name)) continue;
      taken.add(name);
      names.push({ kind, name });
      made++;
    }
  }
  const ofKind = (kind: Kind) => [...names.keys()].filter((thing) => names[thing]!.kind === kind);
  const byKind = new Map((['person', 'town', 'company', 'book'] as const).map((kind) => [kind, ofKind(kind)]));
  const facts = names.flatMap(({ kind }, of) =>
    RELATIONS.filter((one) => one.of === kind).map((one) => ({
      relation: one,
      of,
      to: pick(byKind.get(one.to)!.filter((thing) => thing !== of)),
    })),
  );
  const factsOf = new Map<number, number[]>();
  facts.forEach(({ of }, number) => {
    factsOf.set(of, [...(factsOf.get(of) ?? []), number]);
  });
  const said = (text: string, a: string, b = '') => text.replace(/\b[AB]\b/g, (letter) => (letter === 'A' ? a : b));
  const questions = facts.flatMap((first, number) =>
    factsOf.get(first.to)!.map((second): FactQuestion => {
      const pointed = said(first.relation.pointed, names[first.of]!.name);
      return { text: said(facts[second]!.relation.asked, pointed), chain: [number, second], about: first.of };
    }),
  );
  return {
    passages: facts.map(({ relation: { told }, of, to }) => said(told, names[of]!.name, names[to]!.name)),
    questions: random.shuffle(questions),
  };
}
