import { given } from '../../base/given.ts';
import { fieldOf, MEANING, WORDS } from '../../corpus/index.ts';
import {
  BO1_DEFAULTS,
  bo1,
  type Feedback,
  RM3_DEFAULTS,
  ROCCHIO_DEFAULTS,
  rm3,
  rocchio,
  TOKEN_DEFAULTS,
  TOKENS,
  tokenFeedback,
} from '../feedback/index.ts';
import { refining } from './refining.ts';
import type { Operator, ParameterValue } from './types.ts';

interface Kind {
  readonly defaults: { readonly passages: number; readonly terms?: number; readonly original: number };
  /** Where it refines a query by default, and what kind of fields it is for. */
  readonly field: string;
  readonly of: 'terms' | 'vector' | 'vectors';
  make(options: Readonly<Record<string, ParameterValue>>): Feedback;
}

const KINDS: Readonly<Record<string, Kind>> = {
  rm3: { defaults: RM3_DEFAULTS, field: WORDS, of: 'terms', make: rm3 },
  bo1: { defaults: BO1_DEFAULTS, field: WORDS, of: 'terms', make: bo1 },
  rocchio: { defaults: ROCCHIO_DEFAULTS, field: MEANING, of: 'vector', make: rocchio },
  colbert: { defaults: TOKEN_DEFAULTS, field: TOKENS, of: 'vectors', make: tokenFeedback },
};

const byKind = (value: (defaults: Kind['defaults']) => number | undefined): string =>
  Object.entries(KINDS)
    .flatMap(([name, { defaults }]) => (value(defaults) === undefined ? [] : [`${name} ${value(defaults)}`]))
    .join(', ');

export const prf: Operator = {
  name: 'prf',
  help: 'asks what stands before it again, with words (rm3, bo1), the mean vector (rocchio) or the rarest token vectors (colbert) of its first passages added to the query',
  takes: 'ranking',
  parameters: {
    by: { kind: 'choice', required: true, choices: Object.keys(KINDS), help: 'rm3, bo1, rocchio or colbert.' },
    fb_docs: {
      kind: 'whole',
      least: 1,
      most: 1000,
      help: `Passages that it learns from, whatever k. Default ${byKind(({ passages }) => passages)}.`,
    },
    fb_terms: {
      kind: 'whole',
      least: 1,
      most: 1000,
      help: `Terms, or token vectors, that are added at most. Default ${byKind(({ terms }) => terms)}.`,
    },
    original: {
      kind: 'number',
      least: 0,
      most: 1,
      help: `Weight of the query as it was asked; what is added has the rest. Default ${byKind(({ original }) => original)}.`,
    },
    field: {
      kind: 'name',
      help: `Where the query is refined. Default ${WORDS}, of rocchio ${MEANING}, of colbert ${TOKENS}.`,
    },
  },
  make: ([input], { by, fb_docs, fb_terms, original, field }, { corpus, fail }) => {
    const { defaults, field: standard, of, make } = KINDS[by as string]!;
    if (fb_terms !== undefined && defaults.terms === undefined) fail(`"${by}" adds no terms`, 'Leave out fb_terms.');
    const { name } = fieldOf(corpus, (field as string | undefined) ?? standard, [of], `Feedback by ${by}`);
    const passages = (fb_docs as number | undefined) ?? defaults.passages;
    const feedback = make(given({ field: name, passages, terms: fb_terms, original }));
    return refining(input!, corpus, { stage: `prf ${by}`, feedback, depth: passages });
  },
};
