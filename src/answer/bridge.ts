import type { Query, Representation } from '../content/index.ts';
import { type Corpus, fieldOf, MEANING, WORDS } from '../corpus/index.ts';
import { unitRow } from '../math/index.ts';
import type { Feedback } from '../search/index.ts';
import { NAMES } from '../search/names.ts';
import { encode, termsOf } from '../search/represent.ts';

/** Options of {@link bridge}. */
export interface BridgeOptions {
  /** Names of a passage that the next question asks for, rarest first. Default 4. */
  readonly names?: number;
  /** What a name counts beside a word of the question. Default 1.5. */
  readonly weight?: number;
  /** What a word of the question counts that the passage holds: it is answered. Default 0.3. */
  readonly answered?: number;
  /** How far the question's vector moves to what the passage says beyond it. Default 0.5. */
  readonly step?: number;
}

const DEFAULTS: Required<BridgeOptions> = { names: 4, weight: 1.5, answered: 0.3, step: 0.5 };

/**
 * The next question of a passage, without a model: the words of the question that the passage does not hold, and the rarest names in it that the
 * question does not have, since those lead to other documents; and the question's vector, moved towards what the passage's own says beyond it:
 * `q' = unit(q + a (d - (q d) q))`. TreeHop (Li et al. 2025, https://arxiv.org/abs/2504.20114) learns such a step; this is what there is without learning.
 */
export function bridge(options: BridgeOptions = {}): Feedback {
  const settings = { ...DEFAULTS, ...options };
  return {
    id: 'bridge',
    refine: async (query, { hits }, corpus, { signal }) => {
      const [hit] = hits;
      if (hit === undefined) return query;
      const passage = hit.passage;
      const [source] = await corpus.passages([passage]);
      const [document] = await corpus.documents([source!.document]);
      const text = [document!.title, ...source!.headings, source!.text].join('\n');
      const names = await rarestNames(query, text, document!.title, corpus, settings.names);
      if (names.length === 0) return query;
      const encoded = new Map<string, Representation>([
        [WORDS, await nextTerms(query, text, document!.language, names, corpus, settings)],
      ]);
      const moved = await movedVector(query, passage, corpus, settings.step, signal);
      if (moved !== undefined) encoded.set(MEANING, moved);
      const { language } = query;
      const content = `${query.content} ${names.join(' ')}`;
      return { content, ...(language === undefined ? {} : { language }), encoded };
    },
  };
}

/** Names of a text that a question does not have, those that the fewest passages hold first; of the title last, since it led here. */
async function rarestNames(query: Query, text: string, title: string, corpus: Corpus, most: number): Promise<string[]> {
  const { analysis } = fieldOf(corpus, WORDS, ['terms']);
  const analyzer = analysis.analyzerOf(analysis.languagesFor(query.language).own[0] ?? 'und');
  const asked = new Set([...analyzer.terms(query.content), ...analyzer.terms(title)]);
  const found = new Map<string, readonly string[]>();
  for (const [name] of text.matchAll(NAMES)) {
    const terms = analyzer.terms(name).filter((term) => !asked.has(term));
    if (terms.length > 0 && !found.has(name)) found.set(name, terms);
  }
  const rarity = new Map<string, number>();
  for (const [name, terms] of found) {
    const counts = Array.from(await corpus.frequencies(WORDS, terms));
    // What only this passage holds leads nowhere.
    const least = Math.min(...counts);
    if (least > 1) rarity.set(name, least);
  }
  return [...rarity]
    .sort(([, a], [, b]) => a - b)
    .slice(0, most)
    .map(([name]) => name);
}

async function nextTerms(
  query: Query,
  text: string,
  language: string,
  names: readonly string[],
  corpus: Corpus,
  { weight, answered }: Required<BridgeOptions>,
): Promise<Representation> {
  const field = fieldOf(corpus, WORDS, ['terms']);
  const analyzer = field.analysis.analyzerOf(language);
  const held = new Set(analyzer.terms(text));
  const weights = new Map<string, number>();
  for (const { term, weight: own } of termsOf(field, query)) weights.set(term, held.has(term) ? own * answered : own);
  for (const name of names)
    for (const term of analyzer.terms(name)) weights.set(term, Math.max(weight, weights.get(term) ?? 0));
  return Array.from(weights, ([term, one]) => ({ term, weight: one }));
}

async function movedVector(
  query: Query,
  passage: number,
  corpus: Corpus,
  step: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array | undefined> {
  const field = corpus.fields.find(({ name }) => name === MEANING);
  if (field?.kind !== 'vector' || step === 0) return undefined;
  const encoded = await encode(field, query, signal);
  const [own] = (await corpus.get(MEANING, Uint32Array.of(passage))) as readonly (Float32Array | undefined)[];
  if (encoded.query === undefined || own === undefined) return undefined;
  const before = encoded.query as Float32Array;
  let along = 0;
  for (let c = 0; c < before.length; c++) along += before[c]! * own[c]!;
  const moved = Float32Array.from(before, (value, c) => value + step * (own[c]! - along * value));
  unitRow(moved);
  return moved;
}
