import type { BitSet } from '../base/bits.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import type { Query } from '../content/index.ts';
import { type Corpus, fieldOf, type TermsField, WORDS } from '../corpus/index.ts';
import { inverseDocumentFrequency } from '../index/index.ts';
import { namesIn } from './names.ts';
import type { RankedPassage, Ranking, RetrieveParams, Retriever } from './types.ts';

/** Options of {@link walk}. */
export interface WalkOptions {
  /** Passages that it starts from, the first of the ranking before it: a whole number, at least 1. Default 3. */
  readonly seeds?: number;
  /** Steps from passage to passage, 1 to 5. Default 1. */
  readonly steps?: number;
  /** How much of what has come to a passage goes on from there, above 0 and below 1; with one step it changes nothing. Default 0.5. */
  readonly damping?: number;
  /** Names by which a passage is left at most, those that the fewest passages hold: a whole number, at least 1. Default 8. */
  readonly names?: number;
  /** A name that more passages hold leads nowhere: a whole number, at least 2. Default 30. */
  readonly common?: number;
  /** Passages that are left at a step, those to which most has come: a whole number, at least 1. Default 20. */
  readonly width?: number;
}

/** Chosen on half of the questions of HotpotQA's sample, on which others near them do as well. */
export const WALK_DEFAULTS: Required<WalkOptions> = {
  seeds: 3,
  steps: 1,
  damping: 0.5,
  names: 8,
  common: 30,
  width: 20,
};

/** How much less the start at a rank is worth than at the one before it: `1 / (rank + START)`, ranks from 0. */
const START = 2;

/**
 * Personalised PageRank over the passages of a corpus, from the first of a ranking on (Page et al. 1999; the walk over entities of HippoRAG, Gutiérrez et al. 2024,
 * https://arxiv.org/abs/2405.14831, whose entities a language model finds). Two passages are neighbours where both hold a rare name: what has come to a passage is
 * dealt to the names in it by how rare they are, and from a name to the passages that hold it by what BM25 gives them for it, so that a title counts more than a mention. The graph is
 * not kept anywhere: passages are read when the walk comes to them, and who holds a name the index of words says. So nothing has to be built, and what was added a
 * moment ago is part of it.
 *
 * A passage's score is what came to it from others (and from itself, by its own names), and stayed; where the walk began counts in the ranking before it. The ranking is
 * the same list whatever k, and empty where nothing was found to begin with.
 *
 * @param from what it starts from.
 * @throws InvalidArgumentError for options out of range, and for a corpus without words.
 */
export function walk(corpus: Corpus, from: Retriever, options: WalkOptions = {}): Retriever {
  const settings = checked({ ...WALK_DEFAULTS, ...options });
  const words = fieldOf(corpus, WORDS, ['terms'], 'A walk');
  const kept = new WeakMap<Query, { readonly allowed: BitSet | undefined; readonly walked: Promise<Walked> }>();
  const walked = (query: Query, { allowed, signal }: Pick<RetrieveParams, 'allowed' | 'signal'>): Promise<Walked> => {
    const known = kept.get(query);
    if (known !== undefined && known.allowed === allowed) return known.walked;
    const own = walkFrom(corpus, words, from, query, settings, allowed, signal);
    kept.set(query, { allowed, walked: own });
    // What failed or was aborted is walked again.
    own.catch(() => kept.get(query)?.walked === own && kept.delete(query));
    return own;
  };
  return async (query, params): Promise<Ranking> => {
    const start = performance.now();
    const { hits, names, came, trace } = await walked(query, params);
    return {
      hits: hits.slice(0, params.k),
      limit: hits[0]?.score ?? 0,
      trace: {
        stage: 'walk',
        tookMs: performance.now() - start,
        examined: hits.length,
        returned: Math.min(params.k, hits.length),
        note: `by ${names} names to ${came} passages beside those that it began with`,
        inputs: [trace],
      },
    };
  };
}

interface Walked {
  readonly hits: readonly RankedPassage[];
  /** Names that it went by. */
  readonly names: number;
  /** Passages that it came to beside those that it began with. */
  readonly came: number;
  readonly trace: Ranking['trace'];
}

async function walkFrom(
  corpus: Corpus,
  words: TermsField,
  from: Retriever,
  query: Query,
  { seeds, steps, damping, names: most, common, width }: Required<WalkOptions>,
  allowed: BitSet | undefined,
  signal: AbortSignal | undefined,
): Promise<Walked> {
  const scope = { ...(allowed === undefined ? {} : { allowed }), ...(signal === undefined ? {} : { signal }) };
  const { hits, trace } = await from(query, { ...scope, k: seeds });
  const starts = hits.map((_, rank) => 1 / (rank + START));
  const sum = starts.reduce((total, one) => total + one, 0);
  /** What is at each passage, before it goes on. */
  let here = new Map(hits.map(({ passage }, rank) => [passage, starts[rank]! / sum]));
  /** What came to each passage, and stays there. */
  const stays = new Map<number, number>();
  const gone = new Set<string>();
  for (let step = 0; ; step++) {
    const last = step === steps;
    if (step > 0) {
      for (const [passage, mass] of here)
        stays.set(passage, (stays.get(passage) ?? 0) + (last ? mass : mass * (1 - damping)));
    }
    if (last || here.size === 0) break;
    signal?.throwIfAborted();
    const heaviest = [...here].sort(([a, x], [b, y]) => y - x || a - b).slice(0, width);
    const held = await namesOf(
      corpus,
      words,
      heaviest.map(([passage]) => passage),
    );
    const rarity = await rarities(corpus, new Set(held.flat()), common);
    const byName = new Map<string, number>();
    heaviest.forEach(([, mass], i) => {
      const own = held[i]!.filter((name) => rarity.has(name))
        .sort((a, b) => rarity.get(b)! - rarity.get(a)! || (a < b ? -1 : 1))
        .slice(0, most);
      const total = own.reduce((all, name) => all + rarity.get(name)!, 0);
      for (const name of own)
        byName.set(name, (byName.get(name) ?? 0) + ((step === 0 ? mass : damping * mass) * rarity.get(name)!) / total);
    });
    here = new Map();
    for (const [name, mass] of byName) {
      gone.add(name);
      const { ids, scores } = await corpus.search(WORDS, [{ term: name, weight: 1 }], {
        k: common,
        ...(allowed === undefined ? {} : { allowed }),
      });
      let total = 0;
      for (const score of scores) total += score;
      for (let i = 0; i < ids.length; i++) here.set(ids[i]!, (here.get(ids[i]!) ?? 0) + (mass * scores[i]!) / total);
    }
  }
  const ranked = [...stays].map(([passage, score]) => ({ passage, score }));
  ranked.sort((a, b) => b.score - a.score || a.passage - b.passage);
  const began = new Set(hits.map(({ passage }) => passage));
  const came = ranked.filter(({ passage }) => !began.has(passage)).length;
  return { hits: ranked, names: gone.size, came, trace };
}

/** Terms of the names in passages, their titles and headings; of all words, in scripts without capital letters. */
async function namesOf(corpus: Corpus, words: TermsField, ordinals: readonly number[]): Promise<string[][]> {
  const passages = await corpus.passages(ordinals);
  const documents = await corpus.documents(passages.map(({ document }) => document));
  return passages.map(({ text, headings }, i) => {
    const { title, language } = documents[i]!;
    const analyzer = words.analysis.analyzerOf(language);
    const found = new Set(analyzer.terms(title));
    for (const part of [...headings, text])
      for (const name of namesIn(part)) for (const term of analyzer.terms(name)) found.add(term);
    return [...found];
  });
}

/** What names tell, of those that at least two passages hold and not too many. */
async function rarities(corpus: Corpus, names: ReadonlySet<string>, common: number): Promise<Map<string, number>> {
  const all = [...names];
  const holding = await corpus.frequencies(WORDS, all);
  const told = new Map<string, number>();
  all.forEach((name, i) => {
    const count = holding[i]!;
    if (count >= 2 && count <= common) told.set(name, inverseDocumentFrequency(corpus.passageCount, count));
  });
  return told;
}

function checked(settings: Required<WalkOptions>): Required<WalkOptions> {
  const { damping, ...whole } = settings;
  for (const [name, value] of Object.entries(whole)) {
    const least = name === 'common' ? 2 : 1;
    if (!Number.isInteger(value) || value < least || (name === 'steps' && value > 5)) {
      throw new InvalidArgumentError(
        `"${name}" of a walk is ${value}.`,
        `Give a whole number, at least ${least}${name === 'steps' ? ' and at most 5' : ''}.`,
      );
    }
  }
  if (!(damping > 0 && damping < 1))
    throw new InvalidArgumentError(`"damping" of a walk is ${damping}.`, 'Give a number between 0 and 1.');
  return settings;
}
