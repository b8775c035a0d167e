import type { Part } from './part.ts';

/** Particles that follow a noun without a space, longest first. */
const PARTICLES =
  `에서부터 으로부터 이라고 에게서 한테서 으로서 으로써 이라는 에서는 에서도 으로는 으로도 까지는 까지도 부터는 이라도 에서의
  에서 에게 한테 께서 으로 부터 까지 처럼 보다 마다 조차 마저 이나 이란 라고 라는 로서 로써 와의 과의 에는 에도 에의 로는 이며 밖에 만이
  은 는 이 가 을 를 의 에 로 와 과 도 만 며 나`
    .split(/\s+/)
    .sort((a, b) => b.length - a.length);

/** Particles that may be taken from a single syllable: others end too many words of two. */
const SAFE = new Set('을 를 은 는 에서 에게 으로 부터 까지 처럼 보다'.split(' '));

/** A character with the marks that combine with it: never half of a surrogate pair. */
const SYLLABLE = /.\p{M}*/gsu;

/**
 * Terms of one Korean word, which spaces separate but particles follow: the word without its particle, and every pair of
 * syllables of longer words, because compounds are written together (`대학교에서`: 대학교, 대학, 학교).
 */
export function splitKorean(word: string, offset: number): Part[] {
  const particle = PARTICLES.find((ending) => {
    const left = word.length - ending.length;
    return word.endsWith(ending) && (left >= 2 || (left === 1 && SAFE.has(ending)));
  });
  const length = word.length - (particle?.length ?? 0);
  const parts: Part[] = [];
  // One syllable is doubtful, so the word as written stays beside it.
  if (particle !== undefined && length === 1) parts.push({ text: word, start: offset, end: offset + word.length });
  parts.push({ text: word.slice(0, length), start: offset, end: offset + length });
  const syllables = [...word.slice(0, length).matchAll(SYLLABLE)].map((match) => match.index);
  if (syllables.length <= 2) return parts;
  syllables.push(length);
  for (let i = 0; i + 2 < syllables.length; i++) {
    const [start, end] = [syllables[i]!, syllables[i + 2]!];
    parts.push({ text: word.slice(start, end), start: offset + start, end: offset + end });
  }
  return parts;
}
