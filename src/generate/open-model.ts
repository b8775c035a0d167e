import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { type EndpointModelOptions, endpointModel } from './endpoint-model.ts';
import { keptAnswers } from './kept-answers.ts';
import type { LanguageModel } from './language-model.ts';

/** Options of {@link openModel}. */
export interface OpenModelOptions extends Omit<Partial<EndpointModelOptions>, 'model'> {
  /** Whether whole answers are kept on disk, and told again when the same is asked. Default true. */
  readonly keep?: boolean;
  /** Language models of one's own that a specification may name. */
  readonly kinds?: readonly LanguageModelKind[];
}

/** Language models of one's own, which a specification opens: `NAME`, or `NAME:REST`. */
export interface LanguageModelKind {
  /** Letters, digits and `-`, a letter first. */
  readonly name: string;
  /** Whether it sends texts to another machine. */
  readonly remote?: boolean;
  /** @param rest what follows the colon, empty without one. */
  open(rest: string, spec: string): LanguageModel;
}

/** Where a model is asked for whom no address is given: Ollama's, on this machine. */
export const DEFAULT_MODEL_URL = 'http://localhost:11434/v1';

/**
 * A language model by its specification: `openai:MODEL`, asked at an address that speaks OpenAI's chat completions.
 * @param options.url default `http://localhost:11434/v1`: nothing leaves this machine unless an address says so.
 * @throws InvalidArgumentError for another specification, and impossible settings.
 */
export function openModel(spec: string, options: OpenModelOptions = {}): LanguageModel {
  const { keep = true, url = DEFAULT_MODEL_URL, kinds = [], ...rest } = options;
  const at = spec.indexOf(':');
  const [kind, model] = at < 0 ? [spec, ''] : [spec.slice(0, at), spec.slice(at + 1)];
  const own = kinds.find(({ name }) => name === kind);
  if (own !== undefined) {
    const opened = own.open(model, spec);
    return keep ? keptAnswers(opened) : opened;
  }
  if (kind !== 'openai' || model === '') {
    const guess = nearest(kind, KINDS);
    throw new InvalidArgumentError(
      `There is no language model "${spec}".`,
      guess === undefined || model === '' ? 'Write openai:MODEL.' : `Did you mean "${guess}:${model}"?`,
    );
  }
  const opened = endpointModel({ ...rest, url, model });
  return keep ? keptAnswers(opened) : opened;
}

const KINDS = ['openai'];
