import { cutToTokens, label, mostTokens, share, shortened } from '../text/index.ts';
import type { SearchAnswer } from './search.ts';

/** A hit, as far as an agent is shown it; the engine's hits and those of the API are such. */
export interface PresentableHit {
  readonly rank: number;
  readonly id: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly page?: number | undefined;
  readonly score: number;
  readonly relevance?: number | undefined;
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
  readonly next?: string | undefined;
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
  /** The probability that it is relevant, where the collection can tell. */
  relevance?: number;
  /** Where the text begins in the document. */
  start: number;
  text: string;
  /** Whether the passage goes on. */
  cut: boolean;
  /** Other documents that say much the same, three at most. */
  also?: string[];
}

/** Documents that are named beside a passage that they repeat. */
const ALSO = 3;
/** Tokens below which a text says nothing. */
const LEAST = 30;
/** Tokens of a suggestion and of a note: what is longer is cut. */
const LABEL = 60;
const NOTE = 120;

/**
 * The passages of an answer, and a note, that are no more than so many tokens when {@link renderPassages} has written them: short ones
 * whole, long ones cut around what matched. When the budget is too small for all, the best are shown rather than a word of each.
 * @returns the passages, and why there are fewer than asked for, or what was probably meant.
 */
export function presentPassages(
  answer: PresentableAnswer,
  budget: number,
): { readonly passages: PresentedPassage[]; readonly note?: string } {
  let shown = answer.hits.map(asPassage);
  for (;;) {
    const note = notesOf(answer, answer.hits.length - shown.length);
    const labels = mostTokens(
      renderPassages(
        shown.map((passage) => ({ ...passage, text: '' })),
        note,
      ),
    );
    const room = budget - labels - shown.length;
    if (shown.length > 1 && room < LEAST * shown.length) {
      const fitting = Math.floor((shown.length * budget) / (labels + (LEAST + 1) * shown.length));
      shown = shown.slice(0, Math.max(1, Math.min(fitting, shown.length - 1)));
      continue;
    }
    const passages = filled(shown, answer, Math.max(1, room));
    // Pieces that are counted apart may be more than one when they stand together.
    const over = mostTokens(renderPassages(passages, note)) - budget;
    const fits = over <= 0 || room <= 1;
    return {
      passages: fits ? passages : filled(shown, answer, Math.max(1, room - over - 1)),
      ...(note === undefined ? {} : { note }),
    };
  }
}

function filled(shown: readonly PresentedPassage[], { hits }: PresentableAnswer, room: number): PresentedPassage[] {
  const shares = share(
    shown.map((_, i) => mostTokens(hits[i]!.text)),
    room,
  );
  return shown.map((passage, i) => {
    const { text, highlights, start } = hits[i]!;
    const part = cutToTokens(text, highlights, shares[i]!);
    return { ...passage, start: start + part.start, text: part.text, cut: part.cut };
  });
}

/** All of a passage but its text. */
function asPassage({
  rank,
  id,
  title,
  headings,
  page,
  score,
  relevance,
  start,
  repeats = [],
}: PresentableHit): PresentedPassage {
  const also = [...new Set(repeats.map((repeat) => repeat.id))].filter((other) => other !== id).slice(0, ALSO);
  return {
    rank,
    id,
    title,
    ...(headings.length === 0 ? {} : { section: headings.join(' > ') }),
    ...(page === undefined ? {} : { page }),
    score: Math.round(score * 1e4) / 1e4,
    ...(relevance === undefined ? {} : { relevance: Math.round(relevance * 100) / 100 }),
    start,
    text: '',
    cut: false,
    ...(also.length === 0 ? {} : { also }),
  };
}

function notesOf(answer: PresentableAnswer, left: number): string | undefined {
  const { suggestion } = answer;
  const meant = suggestion === undefined ? undefined : `Did you mean: ${shortened(suggestion, LABEL)}?`;
  const notes = [noteOf(answer, left), meant].filter((note) => note !== undefined);
  return notes.length === 0 ? undefined : notes.join(' ');
}

/** Why there are fewer passages than asked for. */
function noteOf({ hits, shortfall, relevance }: PresentableAnswer, left: number): string | undefined {
  if (left > 0) return `${left} more passages did not fit into the token budget.`;
  if (relevance !== undefined && (relevance.threshold > 0 || relevance.kept === 0)) return explainCut(relevance);
  if (hits.length === 0) {
    return `Nothing relevant was found${shortfall === undefined ? '' : `: ${shortened(shortfall.reason, NOTE)}`}.`;
  }
  if (shortfall === undefined) return undefined;
  return `${shortfall.returned} of ${shortfall.requested} passages, because ${shortened(shortfall.reason, NOTE)}.`;
}

function explainCut({ threshold, judged, kept, best }: Cut): string {
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  return kept === 0
    ? `Nothing relevant was found: the best of ${judged} passages is relevant with ${percent(best)}, and ${percent(threshold)} is asked for.`
    : `${kept} passages of ${judged} judged are probably relevant.`;
}

/** The same as text, for models that get no structure. */
export function renderPassages(passages: readonly PresentedPassage[], note: string | undefined): string {
  const parts = passages.map(({ rank, id, title, section, page, relevance, start, text, cut, also }) => {
    const place = [
      label(id),
      section === undefined ? undefined : label(section),
      page === undefined ? undefined : `page ${page}`,
      relevance === undefined ? undefined : `relevance ${relevance}`,
      `start ${start}`,
      also === undefined ? undefined : `much the same in ${also.map((other) => label(other)).join(', ')}`,
    ].filter((part) => part !== undefined);
    // A title without a text is found too.
    return `[${rank}] ${place.join(' | ')}\n${text || label(title)}${cut ? ' …' : ''}`;
  });
  if (note !== undefined) parts.push(passages.length === 0 ? `${note} Try other words, or a wider filter.` : note);
  return parts.join('\n\n');
}
