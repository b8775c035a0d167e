import { analyzerFor } from '../../src/text/index.ts';

/** What an English request asks for, in parts: `convert a large String to an int` has convert, String (large), to, int. */
export interface Slots {
  readonly verb?: string;
  readonly object?: string;
  readonly objectModifiers: readonly string[];
  readonly preposition?: string;
  readonly target?: string;
  readonly targetModifiers: readonly string[];
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const PREPOSITIONS = words(`about above across after against along among around as at before behind below between beyond
  by during for from in inside into like near of off on onto over per regarding since through to toward towards under until
  upon using via with within without`);
/** What stands before nouns, or for them, and says nothing of them. */
const DETERMINERS =
  words(`a an the this that these those my your his her its our their some any all each every another more
  most few several me you him them us it no both`);
/** What requests begin with before they come to the point. */
const OPENERS =
  words(`please kindly hey hi hello so and but also sure now ok okay i i'm i'd i've im id you we he she they it
  is are was were be been being am do does did can could would will shall should may might must have has had want need like
  love looking look interested trying try wondering wonder hoping hope going help assist let know possible way there if how
  what which who where when why to in for of able tell give provide show a the that me us my your any some by with using
  access capability feature option tool chatbot`);
/** What ends a part. */
const CLAUSES = words('and or but so that which who where when while because if then as than');

/** The slots of a request, by lists of words and its order alone: the first word that is no opener is the verb, what follows up to a preposition its object. */
export function slotsOf(text: string): Slots {
  const all =
    text
      .toLowerCase()
      .replaceAll('’', "'")
      .match(/[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*|[.,;:!?]/gu) ?? [];
  const isSign = (word: string) => /^[.,;:!?]$/.test(word);
  let at = all.findIndex((word) => !OPENERS.has(word) && !isSign(word));
  if (at < 0) return { objectModifiers: [], targetModifiers: [] };
  const verb = all[at++]!;
  const nouns = (): string[] => {
    const found: string[] = [];
    for (; at < all.length; at++) {
      const word = all[at]!;
      if (isSign(word) || CLAUSES.has(word) || PREPOSITIONS.has(word)) break;
      if (!DETERMINERS.has(word)) found.push(word);
    }
    return found;
  };
  const object = nouns();
  while (at < all.length && !PREPOSITIONS.has(all[at]!)) at++;
  const preposition = all[at++];
  const target = nouns();
  return {
    verb,
    ...(object.length === 0 ? {} : { object: object.at(-1)! }),
    objectModifiers: object.slice(0, -1),
    ...(preposition === undefined ? {} : { preposition }),
    ...(target.length === 0 ? {} : { target: target.at(-1)! }),
    targetModifiers: target.slice(0, -1),
  };
}

/** Stems of the words that fill the slots, but for the preposition. */
export function slotTerms(text: string): string[] {
  const { verb, object, objectModifiers, target, targetModifiers } = slotsOf(text);
  const filled = [verb, ...objectModifiers, object, ...targetModifiers, target].filter((word) => word !== undefined);
  return analyzerFor('en').terms(filled.join(' '));
}

/** What two requests of one form have in common: the verb, nouns wherever they stand, and the verb with its object. */
export function slotFeatures(text: string): string[] {
  const { verb, object, objectModifiers, target, targetModifiers } = slotsOf(text);
  const english = analyzerFor('en');
  const nouns = [...objectModifiers, ...targetModifiers, ...[object, target].filter((word) => word !== undefined)];
  const stem = verb === undefined ? undefined : english.terms(verb)[0];
  const head = object === undefined ? undefined : english.terms(object)[0];
  return [
    ...(stem === undefined ? [] : [`verb ${stem}`]),
    ...english.terms(nouns.join(' ')).map((noun) => `noun ${noun}`),
    ...(stem === undefined || head === undefined ? [] : [`verb ${stem} ${head}`]),
  ];
}
