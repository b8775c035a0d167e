import { InvalidArgumentError } from '../base/errors.ts';

/** Reduces an inflected word, already lower-cased and normalised, to a stem that its other forms share. */
export type Stemmer = (word: string) => string;

/**
 * Languages whose Snowball stemmer comes from `@orama/stemmers` (one module each, so that only what is used is loaded).
 * English has its own in `english.ts`, because it is always needed and must cost nothing at start-up.
 */
const modules = {
  ar: { name: 'arabic', load: () => import('@orama/stemmers/arabic') },
  hy: { name: 'armenian', load: () => import('@orama/stemmers/armenian') },
  da: { name: 'danish', load: () => import('@orama/stemmers/danish') },
  nl: { name: 'dutch', load: () => import('@orama/stemmers/dutch') },
  fi: { name: 'finnish', load: () => import('@orama/stemmers/finnish') },
  fr: { name: 'french', load: () => import('@orama/stemmers/french') },
  de: { name: 'german', load: () => import('@orama/stemmers/german') },
  el: { name: 'greek', load: () => import('@orama/stemmers/greek') },
  hu: { name: 'hungarian', load: () => import('@orama/stemmers/hungarian') },
  hi: { name: 'indian', load: () => import('@orama/stemmers/indian') },
  id: { name: 'indonesian', load: () => import('@orama/stemmers/indonesian') },
  ga: { name: 'irish', load: () => import('@orama/stemmers/irish') },
  it: { name: 'italian', load: () => import('@orama/stemmers/italian') },
  lt: { name: 'lithuanian', load: () => import('@orama/stemmers/lithuanian') },
  ne: { name: 'nepali', load: () => import('@orama/stemmers/nepali') },
  no: { name: 'norwegian', load: () => import('@orama/stemmers/norwegian') },
  pt: { name: 'portuguese', load: () => import('@orama/stemmers/portuguese') },
  ro: { name: 'romanian', load: () => import('@orama/stemmers/romanian') },
  ru: { name: 'russian', load: () => import('@orama/stemmers/russian') },
  sr: { name: 'serbian', load: () => import('@orama/stemmers/serbian') },
  es: { name: 'spanish', load: () => import('@orama/stemmers/spanish') },
  sv: { name: 'swedish', load: () => import('@orama/stemmers/swedish') },
  ta: { name: 'tamil', load: () => import('@orama/stemmers/tamil') },
  tr: { name: 'turkish', load: () => import('@orama/stemmers/turkish') },
} satisfies Record<string, { name: string; load: () => Promise<{ stemmer: Stemmer }> }>;

type Stemmed = keyof typeof modules;

/** Other codes in use for the same languages. */
const aliases: Readonly<Record<string, string>> = { nb: 'no', nn: 'no', in: 'id', iw: 'he', 'pt-br': 'pt', fil: 'tl' };

const loaded = new Map<string, Stemmer>();

/** The primary subtag of a language tag (`en-GB`, `zh_Hans`), lower-cased; `und` for anything that is not one. */
export function primaryLanguage(tag: string): string {
  const primary = /^([a-z]{2,3})(?:$|[-_])/i.exec(tag.trim())?.[1]?.toLowerCase() ?? 'und';
  return aliases[primary] ?? primary;
}

/** Whether {@link stemmerOf} needs a module that is loaded on demand. */
function isStemmed(language: string): language is Stemmed {
  return Object.hasOwn(modules, language);
}

/**
 * Loads what the language's analyzer needs. Node loads on demand by itself, so only browsers have to call this, once,
 * before `analyzerFor` with that language.
 */
export async function loadLanguage(tag: string): Promise<void> {
  const language = primaryLanguage(tag);
  if (!isStemmed(language) || loaded.has(language)) return;
  loaded.set(language, (await modules[language].load()).stemmer);
}

/** The part of Node that this module uses where it exists. */
interface NodeModule {
  createRequire(from: string): (specifier: string) => unknown;
}

/**
 * The Snowball stemmer of a language other than English; undefined where there is none.
 * @throws InvalidArgumentError in a browser, when {@link loadLanguage} has not been awaited for it.
 */
export function stemmerOf(language: string): Stemmer | undefined {
  if (!isStemmed(language)) return undefined;
  let stemmer = loaded.get(language);
  if (stemmer === undefined) {
    const node = globalThis.process?.getBuiltinModule?.('node:module') as NodeModule | undefined;
    if (node === undefined) {
      throw new InvalidArgumentError(
        `The stemmer of the language "${language}" is not loaded.`,
        `Run: await loadLanguage('${language}') before the first call.`,
      );
    }
    const load = node.createRequire(import.meta.url);
    stemmer = (load(`@orama/stemmers/${modules[language].name}`) as { stemmer: Stemmer }).stemmer;
    loaded.set(language, stemmer);
  }
  return stemmer;
}
