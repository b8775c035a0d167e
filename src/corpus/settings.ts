import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';

/** How documents become passages and terms. Fixed when a collection is made; recorded in its manifest. */
export interface IndexingSettings {
  /** Most words of a passage. Default 200. */
  readonly passageTokens: number;
  /** Words repeated between two pieces of one long section, at most half a passage. Default 30. */
  readonly passageOverlap: number;
  /** How often an occurrence in the title counts, in comparison with one in the text. Default 1. */
  readonly titleBoost: number;
  /** The same for the headings above a passage. Default 0.5. */
  readonly headingBoost: number;
  /** Language (ISO 639-1) of documents whose language cannot be told, and of all when detection is off. Default `en`. */
  readonly language: string;
  /** Whether to detect each document's language. Default true. */
  readonly detectLanguage: boolean;
}

export const DEFAULT_SETTINGS: IndexingSettings = {
  passageTokens: 200,
  passageOverlap: 30,
  titleBoost: 1,
  headingBoost: 0.5,
  language: 'en',
  detectLanguage: true,
};

/**
 * Fills in defaults and checks ranges.
 * @throws InvalidArgumentError for an unknown name (with the nearest known one) or a value outside its range.
 */
export function resolveSettings(given: Partial<IndexingSettings> = {}): IndexingSettings {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(DEFAULT_SETTINGS, name)) continue;
    const guess = nearest(name, Object.keys(DEFAULT_SETTINGS));
    throw new InvalidArgumentError(
      `Unknown indexing setting "${name}".`,
      guess === undefined ? `Known: ${Object.keys(DEFAULT_SETTINGS).join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  const settings: { -readonly [Name in keyof IndexingSettings]: IndexingSettings[Name] } = {
    ...DEFAULT_SETTINGS,
    ...given,
  };
  if (given.passageOverlap === undefined) {
    settings.passageOverlap = Math.min(DEFAULT_SETTINGS.passageOverlap, settings.passageTokens >> 1);
  }
  const whole = (name: 'passageTokens' | 'passageOverlap', low: number, high: number): void => {
    const value = settings[name];
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new InvalidArgumentError(`${name} is ${value}.`, `Give a whole number from ${low} to ${high}.`);
    }
  };
  whole('passageTokens', 10, 10_000);
  whole('passageOverlap', 0, settings.passageTokens >> 1);
  for (const name of ['titleBoost', 'headingBoost'] as const) {
    const value = settings[name];
    if (!(value >= 0 && value <= 20)) {
      throw new InvalidArgumentError(`${name} is ${value}.`, 'Give a number from 0 (the field is not indexed) to 20.');
    }
  }
  checkLanguage(settings.language);
  return settings;
}

/** Codes of two letters that are languages (ISO 639-1), and those of three that were asked for. */
const known = new Set(
  `aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy
  ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg
  li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg
  sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu`.split(
    /\s+/,
  ),
);
/** Made when first needed: the runtime takes long to load it. */
let names: Intl.DisplayNames | undefined;

/** @throws InvalidArgumentError unless `code` is the code of a language (ISO 639-1, or 639-3 where there is none). */
export function checkLanguage(code: string): void {
  if (known.has(code)) return;
  names ??= new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });
  if (/^[a-z]{2,3}$/.test(code) && names.of(code) !== undefined) {
    known.add(code);
    return;
  }
  throw new InvalidArgumentError(`"${code}" is not a language.`, 'Give an ISO 639-1 code such as "en" or "de".');
}
