import { InvalidArgumentError } from '../base/errors.ts';
import { type OpenEncoder, type OpenEncoderOptions, openEncoder } from './registry.ts';

/** Kinds whose specifications have settings behind a `?`; `uses` and `extended` have those of the encoder behind them. */
const SET = /^(?:(?:uses|extended):)*(?:minilm|bert|http|hf|late|hash)(?=[:?]|$)/;
/** Settings that are numbers, and which. */
const NUMBERS: Readonly<Record<string, string>> = {
  window: 'whole number',
  length: 'whole number',
  dim: 'whole number',
  seed: 'whole number',
  pool: 'number',
};

/**
 * Opens an encoder that somebody typed as `openEncoder` does, and tells mistakes in its settings by what was typed.
 * @throws InvalidArgumentError for a setting that stands there twice, and for one that is no number where it must be; otherwise as `openEncoder`.
 */
export async function openTypedEncoder(spec: string, options: OpenEncoderOptions = {}): Promise<OpenEncoder> {
  const isOwn = options.kinds?.some(({ name }) => spec === name || spec.startsWith(`${name}:`)) === true;
  if (!isOwn) checkTypedEncoder(spec);
  return openEncoder(spec, options).catch((cause: unknown) => {
    const wrong = isOwn ? undefined : settingsIn(spec).find(([name, value]) => isNoNumber(name, value));
    if (wrong === undefined || !(cause instanceof InvalidArgumentError)) throw cause;
    const [name, value] = wrong;
    // How far it may go is known to the encoder alone, which was told of no number.
    const remedy = /\bnumber\b/.test(cause.remedy) ? cause.remedy : `Give a ${NUMBERS[name]}.`;
    throw new InvalidArgumentError(
      `The ${name} of the encoder "${spec}" is "${value}", which is no ${NUMBERS[name]}.`,
      remedy,
      { cause },
    );
  });
}

/** @throws InvalidArgumentError for a specification with a setting that stands there twice, of which the last one would count, and one that would be passed over. */
export function checkTypedEncoder(spec: string): void {
  const seen = new Map<string, string>();
  for (const [name, value] of settingsIn(spec)) {
    const before = seen.get(name);
    if (before !== undefined) {
      throw new InvalidArgumentError(
        `The encoder "${spec}" sets "${name}" twice, to "${before}" and to "${value}".`,
        'Keep one of them.',
      );
    }
    seen.set(name, value);
  }
  const normalize = seen.get('normalize');
  if (normalize === undefined || normalize === 'true' || normalize === 'false') return;
  throw new InvalidArgumentError(`The encoder "${spec}" has normalize "${normalize}".`, 'Write true or false.');
}

function settingsIn(spec: string): (readonly [name: string, value: string])[] {
  if (!SET.test(spec)) return [];
  // The settings of a model at an address come after its name.
  const from = spec.indexOf('?', Math.max(0, spec.indexOf('#')));
  return from < 0 ? [] : [...new URLSearchParams(spec.slice(from + 1).replaceAll('+', '%2B'))];
}

function isNoNumber(name: string, value: string): boolean {
  const kind = Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined;
  if (kind === undefined) return false;
  return kind === 'number' ? value.trim() === '' || Number.isNaN(Number(value)) : !/^-?\d+$/.test(value);
}
