import { cutToTokens, estimateTokens, share } from '../text/index.ts';
import type { SearchAnswer } from './search.ts';

/** A hit, as far as an agent is shown it; the engine's hits and those of the API are such. */
export interface PresentableHit {
  readonly rank: number;
  readonly id: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly page?: number | undefined;
  readonly score: number;
  readonly text: string;
  readonly start: number;
  readonly highlights: readonly { readonly start: number; readonly end: number }[];
  readonly repeats?: readonly { readonly id: string }[] | undefined;
}

export interface PresentableAnswer {
  readonly hits: readonly PresentableHit[];
  readonly shortfall?: { readonly requested: number; readonly returned: number; readonly reason: string } | undefined;
  readonly relevance?: Cut | undefined;
  readonly suggestion?: string | undefined;
}

/** How an answer was cut to what is probably relevant. */
type Cut = NonNullable<SearchAnswer['relevance']>;

/** A passage as a language model gets it. */
export interface PresentedPassage {
  rank: number;
  id: string;
  title: string;
  section?: string;
  page?: number;
  score: number;
  /** Where the text begins in the document. */
  start: number;
  text: string;
  /** Whether the passage goes on. */
  cut: boolean;
  /** Other documents that say much the same, three at most. */
  also?: string[];
}

/** What a hit costs, in tokens, besides its text. */
const PER_HIT = 40;
/** Documents that are named beside a passage that they repeat. */
const ALSO = 3;
/** Tokens below which a text says nothing. */
const LEAST = 30;

/**
 * The passages of an answer within a budget of tokens: short ones whole, long ones cut around what matched. When the
 * budget is too small for all, the best are shown rather than a word of each.
 * @returns the passages, and why there are fewer than asked for, or what was probably meant.
 */
export function presentPassages(
  answer: PresentableAnswer,
  budget: number,
): { readonly passages: PresentedPassage[]; readonly note?: string } {
  const { hits } = answer;
  const enough = budget - PER_HIT * hits.length > LEAST * hits.length;
  const shown = enough ? hits : hits.slice(0, Math.max(1, Math.floor(budget / (PER_HIT + 2 * LEAST))));
  const shares = share(
    shown.map(({ text }) => estimateTokens(text)),
    Math.max(LEAST, budget - PER_HIT * shown.length),
  );
  const passages = shown.map(({ rank, id, title, headings, page, score, text, start, highlights, repeats = [] }, i) => {
    const part = cutToTokens(text, highlights, shares[i]!);
    const also = [...new Set(repeats.map((repeat) => repeat.id))].filter((other) => other !== id).slice(0, ALSO);
    return {
      rank,
      id,
      title,
      ...(headings.length === 0 ? {} : { section: headings.join(' > ') }),
      ...(page === undefined ? {} : { page }),
      score: Math.round(score * 1e4) / 1e4,
      start: start + part.start,
      text: part.text,
      cut: part.cut,
      ...(also.length === 0 ? {} : { also }),
    };
  });
  const notes = [noteOf(answer, hits.length - shown.length), ...meant(answer)].filter((note) => note !== undefined);
  return notes.length === 0 ? { passages } : { passages, note: notes.join(' ') };
}

/** Why there are fewer passages than asked for. */
function noteOf({ hits, shortfall, relevance }: PresentableAnswer, left: number): string | undefined {
  if (left > 0) return `${left} more passages did not fit into the token budget.`;
  if (relevance !== undefined) return explainCut(relevance);
  if (hits.length === 0) return `Nothing relevant was found${shortfall === undefined ? '' : `: ${shortfall.reason}`}.`;
  if (shortfall === undefined) return undefined;
  return `${shortfall.returned} of ${shortfall.requested} passages, because ${shortfall.reason}.`;
}

function meant({ suggestion }: PresentableAnswer): string[] {
  return suggestion === undefined ? [] : [`Did you mean: ${suggestion}`];
}

function explainCut({ threshold, judged, kept, best }: Cut): string {
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  return kept === 0
    ? `Nothing relevant was found: the best of ${judged} passages is relevant with ${percent(best)}, and ${percent(threshold)} is asked for.`
    : `${kept} passages of ${judged} judged are probably relevant.`;
}

/** The same as text, for models that get no structure. */
export function renderPassages(passages: readonly PresentedPassage[], note: string | undefined): string {
  const parts = passages.map(({ rank, id, title, section, page, start, text, cut, also }) => {
    const place = [id, section, page === undefined ? undefined : `page ${page}`].filter((part) => part !== undefined);
    const same = also === undefined ? '' : ` | much the same in ${also.join(', ')}`;
    // A title without a text is found too.
    return `[${rank}] ${place.join(' | ')} | start ${start}${same}\n${text || title}${cut ? ' …' : ''}`;
  });
  if (note !== undefined) parts.push(passages.length === 0 ? `${note} Try other words, or a wider filter.` : note);
  return parts.join('\n\n');
}
