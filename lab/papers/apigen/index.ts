import type { Claim } from '../../grading/index.ts';
import { type SuggestionSide, suggestionClaim } from '../../protocols/suggestions.ts';

/** The third view: characters in a row, or verb, object and target. */
const THIRD = ['grams', 'slots'];
const merged: SuggestionSide = {
  name: 'two examples of each of three views',
  pipelines: THIRD.map((third) => `interleave(meaning, words, ${third})`),
};
const single: SuggestionSide = { name: 'the best single view', pipelines: ['words', 'meaning', ...THIRD] };
const reciprocal: SuggestionSide = {
  name: 'reciprocal ranks of three views',
  pipelines: THIRD.flatMap((third) =>
    [10, 60].map((constant) => `fuse(meaning, words, ${third}, by=rrf, constant=${constant}, weights=[1, 1, 1])`),
  ),
};
const hybrid: SuggestionSide = { name: 'hybrid search', pipelines: ['fuse(words, meaning)'] };
const random: SuggestionSide = { name: 'random examples', pipelines: ['words > random'] };

const plain: SuggestionSide = { name: 'votes alone', pipelines: [merged.pipelines[0]!] };
const adding = (bonus: 'slots' | 'words' | 'meaning', name: string): SuggestionSide => ({ ...plain, name, bonus });

export const claims: readonly Claim[] = [
  suggestionClaim({
    id: 'views',
    statement:
      'Six examples that come from three views in equal shares vote the right tool among the first three at least 2 points more often than six of the best view.',
    metric: 'SuccessRate@3',
    margin: { absolute: 0.02 },
    baseline: single,
    method: merged,
    controls: [random, hybrid],
    rivals: [reciprocal],
  }),
  suggestionClaim({
    id: 'coverage',
    statement: 'The right tool is among those of the six examples more often.',
    metric: 'coverage',
    baseline: single,
    method: merged,
    controls: [random, hybrid],
    rivals: [reciprocal],
  }),
  suggestionClaim({
    id: 'slots',
    statement:
      'Words of verb, object and target that stand in the description of a tool bring at least 1 point more of the right ones to the first place.',
    metric: 'SuccessRate@1',
    margin: { absolute: 0.01 },
    baseline: plain,
    method: adding('slots', 'votes, and words of the slots in descriptions'),
    controls: [adding('meaning', 'votes, and cosines with descriptions')],
    rivals: [adding('words', 'votes, and all words in descriptions')],
  }),
];
