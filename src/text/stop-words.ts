/** Words so frequent that they tell documents apart no better than chance; only grammatical words, never content. */
const LISTS: Readonly<Record<string, string>> = {
  // The 33 words that Lucene has used since its first release: long lists cost recall ("to be or not to be", "it", "us").
  en: `a an and are as at be but by for if in into is it no not of on or such that the their then there these they this
    to was will with`,
};

const sets = new Map<string, ReadonlySet<string>>();

/** The stop words of a language, lower case; empty where there is no list. */
export function stopWordsOf(language: string): ReadonlySet<string> {
  let set = sets.get(language);
  if (set === undefined) {
    set = new Set((LISTS[language] ?? '').split(/\s+/).filter((word) => word !== ''));
    sets.set(language, set);
  }
  return set;
}
