import { InvalidArgumentError } from '../../base/errors.ts';
import type { Query } from '../../content/index.ts';
import type { LanguageModel } from '../../generate/language-model.ts';
import { checkFraction, checkWhole } from '../feedback/checks.ts';
import { answersOf, linesIn, questionIn, wordsIn } from './answers.ts';
import { withWritten } from './mixing.ts';
import { ensemblePrompt, hydePrompt, INSTRUCTIONS, partsPrompt, standalonePrompt } from './prompts.ts';
import type { QueryWriter } from './types.ts';

/** Milliseconds that a model may take by default. */
const BUDGET_MS = 8000;
const PASSAGE_TOKENS = 256;
const LINE_TOKENS = 128;

/** Options of {@link hyde}. */
export interface HydeOptions {
  /** Passages that are written, at least 1; several are drawn at a temperature of 0.7 with seeds of their own. Default 1. */
  readonly passages?: number;
  /** What is written. Default `a passage of a document`. */
  readonly as?: string;
  /** Weight of the query's own words, 0 to 1. Default 0.5. (Of vectors the mean is taken.) */
  readonly original?: number;
}

export const HYDE_DEFAULTS = { passages: 1, as: 'a passage of a document', original: 0.5 } as const;

/**
 * HyDE (Gao et al. 2022): a model writes passages that would answer, and the query's vector becomes the mean of its own and theirs, `(E(q) + sum E(h)) / (N + 1)`; words of the
 * passages are looked for beside those of the query.
 */
export function hyde(model: LanguageModel, options: HydeOptions = {}): QueryWriter {
  const { passages, as, original } = { ...HYDE_DEFAULTS, ...options };
  checkWhole('passages', passages);
  checkFraction('original', original);
  return {
    id: 'hyde',
    budgetMs: BUDGET_MS,
    async write(query, given) {
      const asked = Array.from({ length: passages }, (_, seed) => ({
        prompt: hydePrompt(query.content, as),
        options: { maxTokens: PASSAGE_TOKENS, ...(passages === 1 ? {} : { temperature: 0.7, seed: seed + 1 }) },
      }));
      const texts = (await answersOf(model, asked, given)).filter((text) => text !== undefined);
      const originalVector = 1 / (texts.length + 1);
      return [
        await withWritten(query, given.fields, texts, { original, originalVector, role: 'document' }, given.signal),
      ];
    },
  };
}

/** Options of {@link ensemble}. */
export interface EnsembleOptions {
  /** Instructions that are asked, the first of five: 1 to 5. Default 5. */
  readonly prompts?: number;
  /** Whether each reformulation is a query of its own and their rankings are fused (GenQRFusion), or all are one query (GenQREnsemble). Default false. */
  readonly fused?: boolean;
  /** Weight of the query's own words, 0 to 1. Default 0.8. */
  readonly original?: number;
}

export const ENSEMBLE_DEFAULTS = { prompts: INSTRUCTIONS.length, fused: false, original: 0.8 } as const;

/**
 * GenQREnsemble and GenQRFusion (Dhole and Agichtein 2024): a model is given several instructions to reformulate the query. Words that several answers hold count more; of vectors
 * the mean is taken, of the query's and of the query's with each answer.
 */
export function ensemble(model: LanguageModel, options: EnsembleOptions = {}): QueryWriter {
  const { prompts, fused, original } = { ...ENSEMBLE_DEFAULTS, ...options };
  checkWhole('prompts', prompts);
  checkFraction('original', original);
  if (prompts > INSTRUCTIONS.length) {
    throw new InvalidArgumentError(`${prompts} prompts.`, `There are ${INSTRUCTIONS.length} instructions; ask fewer.`);
  }
  return {
    id: fused ? 'fusion' : 'ensemble',
    budgetMs: BUDGET_MS,
    async write(query, given) {
      const { content } = query;
      const asked = INSTRUCTIONS.slice(0, prompts).map((_, i) => ({
        prompt: ensemblePrompt(content, i),
        options: { maxTokens: LINE_TOKENS },
      }));
      const words = (await answersOf(model, asked, given))
        .map((answer) => (answer === undefined ? '' : wordsIn(answer, content)))
        .filter((text) => text !== '');
      if (words.length === 0) return [query];
      const joined = (texts: readonly string[]): Promise<Query> => {
        const longer = texts.map((text) => `${content} ${text}`);
        const mixing = { original, originalVector: 1 / (texts.length + 1), role: 'query' } as const;
        return withWritten(query, given.fields, texts, mixing, given.signal, longer);
      };
      if (!fused) return [await joined(words)];
      return [query, ...(await Promise.all(words.map((text) => joined([text]))))];
    },
  };
}

/** Options of {@link parts}. */
export interface PartsOptions {
  /** Queries that a model may write, at least 1. Default 4. */
  readonly most?: number;
}

export const PARTS_DEFAULTS = { most: 4 } as const;

/** A model says what has to be looked up, each thing by itself (Kachuee et al. 2024); their rankings are interleaved with that of the query. */
export function parts(model: LanguageModel, options: PartsOptions = {}): QueryWriter {
  const { most } = { ...PARTS_DEFAULTS, ...options };
  checkWhole('most', most);
  return {
    id: 'parts',
    budgetMs: BUDGET_MS,
    constant: 0,
    async write(query, given) {
      const prompt = partsPrompt(query.content, most);
      const [answer = ''] = await answersOf(model, [{ prompt, options: { maxTokens: PASSAGE_TOKENS } }], given);
      const lines = linesIn(answer).slice(0, most);
      given.note?.(lines.map((line) => `"${line}"`).join(', '));
      return [query, ...lines.filter((line) => line !== query.content).map((line) => other(query, line))];
    },
  };
}

/** A model rewrites the last question of a conversation so that it is understood by itself. A query without turns before it passes as it is, and no model is asked. */
export function standalone(model: LanguageModel): QueryWriter {
  return {
    id: 'standalone',
    budgetMs: BUDGET_MS,
    async write(query, given) {
      const { content, turns = [] } = query;
      if (turns.length === 0) return [query];
      const prompt = standalonePrompt(turns, content);
      const [answer = ''] = await answersOf(model, [{ prompt, options: { maxTokens: LINE_TOKENS } }], given);
      const question = questionIn(answer);
      return [question === '' || question === content ? query : other(query, question)];
    },
  };
}

/** All that the user said, in one text, the last question first: the conversation in the query without a model. @param most turns of the user that count, the last of them. */
export function userTurns(most = 3): QueryWriter {
  checkWhole('turns', most);
  return {
    id: 'turns',
    async write(query) {
      const said = (query.turns ?? []).filter(({ role }) => role === 'user').slice(-most);
      if (said.length === 0) return [query];
      return [other(query, [query.content, ...said.reverse().map(({ text }) => text)].join(' '))];
    },
  };
}

/** Another question: what the given one became for fields is not taken over. */
function other({ encoded: _, turns: __, ...query }: Query, content: string): Query {
  return { ...query, content };
}
