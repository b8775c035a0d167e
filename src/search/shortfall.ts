import type { BitSet } from '../base/bits.ts';
import type { AnalysedWords, Corpus } from '../corpus/index.ts';
import type { QueryClause } from '../text/index.ts';
import { CONDITIONS } from './conditions.ts';
import type { Filter } from './filter.ts';
import type { Shortfall } from './options.ts';
import { demandOf } from './relaxing.ts';
import { explainFilter } from './selection.ts';
import type { Ranking, StageTrace } from './types.ts';

/** A search that found fewer hits than it was asked for. */
export interface ShortSearch {
  readonly requested: number;
  readonly returned: number;
  /** At most so many passages of a document were wanted. */
  readonly perDocument: number;
  /** Passages that were put into another order, where that was wanted: not all that matched are. */
  readonly ordered: number | undefined;
  readonly ranking: Ranking;
  readonly allowed: BitSet | undefined;
  /** Passages that are never returned: those that hits are to be like. */
  readonly without: ReadonlySet<number> | undefined;
  readonly filter: Filter | string | undefined;
  readonly words: Pick<AnalysedWords, 'terms' | 'leftOut'>;
  /** Passages that have what the query demands by its signs. */
  readonly demanded: BitSet | undefined;
  /** Of that, what no passage has. */
  readonly unmet: readonly QueryClause[];
  /** Passages that stand with others, which they repeat. */
  readonly folded: number;
}

/** Why there are fewer hits than asked for. */
export async function explainShortfall(corpus: Corpus, search: ShortSearch): Promise<Shortfall> {
  const { requested, returned, allowed, without } = search;
  const left = Array.from(without ?? []).filter((passage) => allowed?.has(passage) ?? true);
  const count = (allowed?.count ?? corpus.passageCount) - left.length;
  return { requested, returned, allowed: count, reason: await reasonFor(corpus, count, search) };
}

async function reasonFor(
  corpus: Corpus,
  count: number,
  { returned, perDocument, ordered, ranking, allowed, without, filter, words, folded, demanded, unmet }: ShortSearch,
): Promise<string> {
  const matching = ranking.hits.length;
  const other = without === undefined ? passages : otherPassages;
  const cut = limitedBy(ranking.trace);
  if (corpus.passageCount === 0) return 'the collection is empty';
  if (unmet.length > 0) return `no passage has ${unmet.map(demandOf).join(', or ')}`;
  if (demanded?.count === 0) return 'no passage has all that the query demands by its signs';
  if (count === 0 && demanded !== undefined) {
    return 'no passage has what the query demands by its signs and satisfies the filter as well';
  }
  if (count === 0 && without !== undefined && (allowed?.count ?? corpus.passageCount) > 0) {
    return `there are no ${other(0)}${filter === undefined ? '' : ' that the filter allows'}`;
  }
  if (count === 0) {
    const blamed = filter === undefined ? undefined : await explainFilter(corpus, filter);
    return blamed ?? 'no document satisfies the filter';
  }
  if (ranking.trace.stage === CONDITIONS) {
    return `${matching === 1 ? '1 document satisfies' : `${matching} documents satisfy`} the conditions, and the query has no words`;
  }
  if (ordered !== undefined && ordered < matching && ordered <= returned) {
    const [those, which] =
      words.terms.length === 0
        ? ['what ranks best', '']
        : ['what holds a word of the query', ` ${ordered === 1 ? 'holds' : 'hold'} one`];
    return `only ${those} is put into another order: ${ordered} of ${passages(matching)}${which}`;
  }
  if (cut !== undefined) return `the pipeline leaves ${matching}: ${cut}`;
  if (folded > 0) {
    const limited = matching > returned + folded ? `, and at most ${perDocument} of a document were wanted` : '';
    return `${passages(matching)} matched, but ${folded} of them ${folded === 1 ? 'repeats another' : 'repeat others'}${limited}`;
  }
  if (matching > returned) return `${passages(matching)} matched, but at most ${perDocument} of a document were wanted`;
  if (matching >= count && allowed === undefined) return `the collection holds only ${other(count)}`;
  const limits = [...(filter === undefined ? [] : ['the filter']), ...(demanded === undefined ? [] : ['the query'])];
  const limit = `${limits.join(' and ')} ${limits.length === 1 ? 'allows' : 'allow'}`;
  if (matching >= count) return `${limit} only ${other(count)}`;
  const hasWords = words.terms.length > 0;
  const stages = fieldStages(ranking.trace).filter((stage) => hasWords || !isLexical(stage));
  const wordless = hasWords ? '' : 'the query has no words';
  if (stages.length === 0) return wordless;
  const among = `${other(count)}${allowed === undefined ? '' : ` that ${limit}`}`;
  const [contain, have] = matching > 1 ? ['contain', 'have'] : ['contains', 'has'];
  const omitted = words.leftOut.map((word) => `"${word}"`).join(', ');
  const inWords = `${contain} a word of the query${omitted === '' ? '' : ` other than ${omitted}, which most texts have`}`;
  const inVectors = `${have} an embedding in a language that the encoder knows`;
  const matched = new Set(stages.map((stage) => (isLexical(stage) ? inWords : inVectors)));
  return `${wordless}${wordless === '' ? '' : ', and '}${matching === 0 ? 'none' : matching} of ${among} ${[...matched].join(' or ')}`;
}

function isLexical(stage: string): boolean {
  return /^bm25\b/.test(stage);
}

/** What a stage of the pipeline that leaves hits out says of it, the last one first. */
function limitedBy({ stage, examined, returned, note, inputs }: StageTrace): string | undefined {
  if (/^(cut|group)\b/.test(stage) && returned < examined) return note;
  return inputs?.length === 1 ? limitedBy(inputs[0]!) : undefined;
}

/** The stages at the bottom, which searched fields. */
function fieldStages({ stage, inputs }: StageTrace): string[] {
  return inputs === undefined ? [stage] : inputs.flatMap(fieldStages);
}

function otherPassages(count: number): string {
  if (count === 0) return 'other passages';
  return count === 1 ? '1 other passage' : `${count} other passages`;
}

function passages(count: number): string {
  return count === 1 ? '1 passage' : `${count} passages`;
}
