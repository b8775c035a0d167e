import { InvalidArgumentError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Vectors } from '../base/vectors.ts';
import type { Encoder } from '../encode/encoder.ts';
import { dot } from '../math/index.ts';
import { rankedOrder } from './order.ts';
import type { Judgements, Run } from './types.ts';

/** A text with errors, and what was done to it. */
export interface Perturbed {
  readonly text: string;
  /** As `kind: before > after`; fewer than asked for where the text offers no more places. */
  readonly edits: readonly string[];
}

const ARTICLES = ['a', 'an', 'the', ''];
const PREPOSITIONS = ['in', 'on', 'at', 'of', 'for', 'to', 'with', 'by', 'from'];
const VERBS: readonly (readonly string[])[] = [
  ['is', 'are', 'be'],
  ['was', 'were'],
  ['has', 'have'],
  ['does', 'do'],
];

/**
 * Grammar errors as learners of English make them: a wrong or missing article, another preposition, number of a noun, agreement
 * or form of a verb (Long et al. 2024, "Backdoor Attacks on Dense Retrieval via Public and Unintentional Triggers",
 * https://arxiv.org/abs/2402.13532, draw them from a corpus of learners). Meaning stays. Same generator, same errors.
 *
 * @param count edits wanted, 0 or more.
 */
export function addGrammarErrors(text: string, count: number, random: Random): Perturbed {
  const words = text.split(/(\s+)/);
  const edits: string[] = [];
  for (const at of random.shuffle([...words.keys()])) {
    if (edits.length >= count) break;
    const [word, ending = ''] = /^([A-Za-z]+)(\W*)$/.exec(words[at]!)?.slice(1) ?? [];
    if (word === undefined) continue;
    const found = wrong(word, random);
    if (found === undefined) continue;
    edits.push(`${found.kind}: ${word} > ${found.word}`);
    words[at] = found.word === '' ? '' : found.word + ending;
  }
  return { text: words.join('').replace(/\s+/g, ' ').trim(), edits };
}

function wrong(word: string, random: Random): { kind: string; word: string } | undefined {
  const lower = word.toLowerCase();
  const other = (choices: readonly string[]): string => {
    const rest = choices.filter((choice) => choice !== lower);
    return rest[random.below(rest.length)]!;
  };
  if (ARTICLES.includes(lower)) return { kind: 'article', word: other(ARTICLES) };
  if (PREPOSITIONS.includes(lower)) return { kind: 'preposition', word: other(PREPOSITIONS) };
  const verb = VERBS.find((forms) => forms.includes(lower));
  if (verb !== undefined) return { kind: 'agreement', word: other(verb) };
  if (/[a-z]{3}ing$/.test(word)) return { kind: 'verb form', word: word.replace(/ing$/, '') };
  if (/[a-z]{3}ed$/.test(word)) return { kind: 'verb form', word: word.replace(/ed$/, 'ing') };
  if (/[a-z]{3}[^su]s$/.test(word)) return { kind: 'number', word: word.slice(0, -1) };
  return /^[a-z]{5,}$/.test(word) ? { kind: 'number', word: `${word}s` } : undefined;
}

/** What an attack achieves at a depth; means over queries. */
export interface AttackRates {
  /** Share of queries with an attack passage among the first k. */
  readonly success: number;
  /** Share with a relevant one. */
  readonly accuracy: number;
  /** Share with a relevant one and no attack passage. */
  readonly safe: number;
}

/** Rates of an attack, by ids of the passages that were put in. Queries are those of the judgements. */
export function attackRates(run: Run, judgements: Judgements, attackers: ReadonlySet<string>, k = 10): AttackRates {
  let [success, accuracy, safe] = [0, 0, 0];
  for (const [query, grades] of judgements) {
    const list = run.get(query) ?? { ids: [], scores: [] };
    const order = rankedOrder(list, query);
    const top = list.ids.slice(0, k).map((_, rank) => list.ids[order?.[rank] ?? rank]!);
    const attacked = top.some((id) => attackers.has(id));
    const right = top.some((id) => (grades.get(id) ?? 0) > 0);
    if (attacked) success++;
    if (right) accuracy++;
    if (right && !attacked) safe++;
  }
  if (judgements.size === 0)
    throw new InvalidArgumentError('There are no queries.', 'Give judgements of at least one.');
  return { success: success / judgements.size, accuracy: accuracy / judgements.size, safe: safe / judgements.size };
}

/**
 * How much an encoder is drawn from one text with errors to another one with errors, whatever they are about: the mean over pairs of
 * different texts of `cos(q with errors, p with errors) - cos(q with errors, p)`. About 0 for an encoder that took errors for noise; an
 * encoder whose training pairs were poisoned has learned that errors match errors.
 *
 * @param texts about different things, at least 8; half of them are queries, half passages.
 */
export async function errorSensitivity(encoder: Encoder, texts: readonly string[], random: Random): Promise<number> {
  if (texts.length < 8) {
    throw new InvalidArgumentError(`${texts.length} texts are too few.`, 'Give at least 8 about different things.');
  }
  const half = texts.length >> 1;
  const wrongly = (text: string): string => addGrammarErrors(text, 3, random).text;
  const queries = await encoder.encode(texts.slice(0, half).map(wrongly), { role: 'query' });
  const clean = await encoder.encode(texts.slice(half), { role: 'document' });
  const dirty = await encoder.encode(texts.slice(half).map(wrongly), { role: 'document' });
  return meanProduct(queries, dirty) - meanProduct(queries, clean);
}

function meanProduct(a: Vectors, b: Vectors): number {
  let sum = 0;
  for (let i = 0; i < a.count; i++) {
    for (let j = 0; j < b.count; j++) sum += dot(a.row(i), b.row(j));
  }
  return sum / (a.count * b.count);
}
