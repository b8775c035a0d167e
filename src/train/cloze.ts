import type { Random } from '../base/random.ts';

/**
 * A pair of texts out of one: a run of its words as what is asked, the words around it as what answers (Lee et al. 2019, inverse cloze task,
 * arXiv 1906.00300, section 4). Pre-training on such pairs teaches an encoder what belongs together, without anybody's labels.
 * @param words of the text, at least two. @param most words of the query, and at most half of the text. Default 8.
 */
export function clozePair(words: readonly string[], random: Random, most = 8): readonly [query: string, rest: string] {
  const length = Math.max(1, Math.min(most, words.length >> 1));
  const from = random.below(words.length - length + 1);
  return [
    words.slice(from, from + length).join(' '),
    [...words.slice(0, from), ...words.slice(from + length)].join(' '),
  ];
}
