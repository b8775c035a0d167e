import { stemEnglish } from './english.ts';
import { type OnDemand, onDemand } from './on-demand.ts';
import { stemPersian } from './persian.ts';

/** Reduces an inflected word, already lower-cased and normalised, to a stem that its other forms share. */
export type Stemmer = (word: string) => string;

/**
 * Languages whose Snowball stemmer comes from `@orama/stemmers` (one module each, so that only what is used is loaded).
 * English has its own in `english.ts`, because it is always needed and must cost nothing at start-up.
 */
const stemmers: Readonly<Record<string, OnDemand<{ stemmer: Stemmer }>>> = {
  ar: stemmerModule('ar', 'arabic', () => import('@orama/stemmers/arabic')),
  hy: stemmerModule('hy', 'armenian', () => import('@orama/stemmers/armenian')),
  da: stemmerModule('da', 'danish', () => import('@orama/stemmers/danish')),
  nl: stemmerModule('nl', 'dutch', () => import('@orama/stemmers/dutch')),
  fi: stemmerModule('fi', 'finnish', () => import('@orama/stemmers/finnish')),
  fr: stemmerModule('fr', 'french', () => import('@orama/stemmers/french')),
  de: stemmerModule('de', 'german', () => import('@orama/stemmers/german')),
  el: stemmerModule('el', 'greek', () => import('@orama/stemmers/greek')),
  hu: stemmerModule('hu', 'hungarian', () => import('@orama/stemmers/hungarian')),
  hi: stemmerModule('hi', 'indian', () => import('@orama/stemmers/indian')),
  id: stemmerModule('id', 'indonesian', () => import('@orama/stemmers/indonesian')),
  ga: stemmerModule('ga', 'irish', () => import('@orama/stemmers/irish')),
  it: stemmerModule('it', 'italian', () => import('@orama/stemmers/italian')),
  lt: stemmerModule('lt', 'lithuanian', () => import('@orama/stemmers/lithuanian')),
  ne: stemmerModule('ne', 'nepali', () => import('@orama/stemmers/nepali')),
  no: stemmerModule('no', 'norwegian', () => import('@orama/stemmers/norwegian')),
  pt: stemmerModule('pt', 'portuguese', () => import('@orama/stemmers/portuguese')),
  ro: stemmerModule('ro', 'romanian', () => import('@orama/stemmers/romanian')),
  ru: stemmerModule('ru', 'russian', () => import('@orama/stemmers/russian')),
  sr: stemmerModule('sr', 'serbian', () => import('@orama/stemmers/serbian')),
  es: stemmerModule('es', 'spanish', () => import('@orama/stemmers/spanish')),
  sv: stemmerModule('sv', 'swedish', () => import('@orama/stemmers/swedish')),
  ta: stemmerModule('ta', 'tamil', () => import('@orama/stemmers/tamil')),
  tr: stemmerModule('tr', 'turkish', () => import('@orama/stemmers/turkish')),
};

function stemmerModule(language: string, name: string, load: () => Promise<{ stemmer: Stemmer }>) {
  return onDemand(`@orama/stemmers/${name}`, load, `loadLanguage('${language}')`);
}

/** Other codes in use for the same languages. */
const aliases: Readonly<Record<string, string>> = { nb: 'no', nn: 'no', in: 'id', iw: 'he', 'pt-br': 'pt', fil: 'tl' };

/** The primary subtag of a language tag (`en-GB`, `zh_Hans`), lower-cased; `und` for anything that is not one. */
export function primaryLanguage(tag: string): string {
  const primary = /^([a-z]{2,3})(?:$|[-_])/i.exec(tag.trim())?.[1]?.toLowerCase() ?? 'und';
  return aliases[primary] ?? primary;
}

/**
 * Loads what the language's analyzer needs. Node loads on demand by itself, so only browsers have to call this, once,
 * before `analyzerFor` with that language.
 */
export async function loadLanguage(tag: string): Promise<void> {
  await stemmers[primaryLanguage(tag)]?.preload();
}

/**
 * The stemmer of a language: Snowball's, or a light one of our own for Persian; undefined where there is none.
 * @throws InvalidArgumentError in a browser, when {@link loadLanguage} has not been awaited for it.
 */
export function stemmerOf(language: string): Stemmer | undefined {
  if (language === 'en') return stemEnglish;
  if (language === 'fa') return stemPersian;
  return stemmers[language]?.get().stemmer;
}
