import type { Range } from '../search/index.ts';
import { choosing, type ExtractiveOptions, type Kept } from './extractive.ts';
import { wantedBy } from './sentence-features.ts';
import { trimmed } from './sentences.ts';
import type { Compressor } from './types.ts';

/** Where a clause may end: behind signs, before and behind brackets and dashes, before words that begin a further statement (English; elsewhere signs alone tell). */
const CUTS =
  /(?<=[,;:،؛、，；])\s*|\s+(?=[([（])|(?<=[)\]）])\s+|\s+(?=[–—]\s)|\s+(?=(?:which|who|where|while|whereas|although|because)\b)/gu;
/** Words of a clause, at least; less belongs to the one before. */
const FEWEST = 2;

/**
 * Chooses sentences as {@link extractive} does, and keeps of each only the clauses that are salient for the question, so that more sentences fit: the first, those that hold
 * one of its words or what it asks for, and those beside them. TCRA-LLM deletes words that change a text's meaning least (Liu et al. 2023,
 * https://arxiv.org/abs/2310.15556); deleting clauses keeps quotations readable, and numbers and negations where they belong.
 */
export function salience(options: ExtractiveOptions = {}): Compressor {
  return choosing('salience', options, ({ passage, start, body, end, text, kind }, { holds, question }) => {
    if (kind !== 'prose') return [{ passage, start, end }];
    const clauses = clausesOf(text);
    const wanted = wantedBy(question);
    const salient = clauses.map((clause) => {
      const own = text.slice(clause.start, clause.end);
      return holds(own) || wanted?.(own, question) === true;
    });
    const kept: Kept[] = [];
    for (const [i, clause] of clauses.entries()) {
      if (i > 0 && !salient[i] && !salient[i - 1] && !salient[i + 1]) continue;
      const from = i === 0 ? start : body + clause.start;
      const last = kept.at(-1);
      if (last !== undefined && i > 0 && last.end === body + clauses[i - 1]!.end) {
        kept[kept.length - 1] = { ...last, end: body + clause.end };
      } else kept.push({ passage, start: from, end: body + clause.end });
    }
    return kept;
  });
}

/** Ranges of a sentence's clauses, without the blanks around them. */
export function clausesOf(text: string): Range[] {
  const places = [0, ...Array.from(text.matchAll(CUTS), ({ index, 0: blank }) => index + blank.length), text.length];
  const found: Range[] = [];
  for (const [i, from] of places.slice(0, -1).entries()) {
    const range = trimmed(text, from, places[i + 1]!);
    if (range === undefined) continue;
    const last = found.at(-1);
    const isShort = last !== undefined && wordsIn(text, last) < FEWEST;
    if (isShort) found[found.length - 1] = { start: last.start, end: range.end };
    else found.push(range);
  }
  return found;
}

function wordsIn(text: string, { start, end }: Range): number {
  return text.slice(start, end).match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
}
