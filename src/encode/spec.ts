import { InvalidArgumentError } from '../base/errors.ts';

/** Settings at the end of a specification, `?name=value&...`; those without a value are left out. */
export type SpecSettings = Readonly<Record<string, string | number | undefined>>;

/** `name?setting=value&...`, which {@link parseSettings} takes apart. */
export function formatSettings(name: string, settings: SpecSettings): string {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined && value !== '');
  const query = given.map(([key, value]) => `${key}=${encodeURIComponent(value!)}`).join('&');
  return name.replace(/[%?]/g, encodeURIComponent) + (query === '' ? '' : `?${query}`);
}

/** @param allowed names of settings. @throws InvalidArgumentError for another one, or for broken escapes. */
export function parseSettings<Name extends string>(
  spec: string,
  text: string,
  allowed: readonly Name[],
): { name: string; settings: Partial<Record<Name, string>> } {
  const cut = text.indexOf('?');
  const settings: Partial<Record<Name, string>> = {};
  try {
    for (const [key, value] of new URLSearchParams(cut < 0 ? '' : text.slice(cut + 1).replaceAll('+', '%2B'))) {
      if (!allowed.includes(key as Name)) {
        throw new InvalidArgumentError(
          `The encoder "${spec}" has an unknown setting "${key}".`,
          `Use only: ${allowed.join(', ')}.`,
        );
      }
      settings[key as Name] = value;
    }
    return { name: decodeURIComponent(cut < 0 ? text : text.slice(0, cut)), settings };
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw new InvalidArgumentError(`The encoder "${spec}" has a broken % escape.`, 'Write % as %25.', { cause });
  }
}
