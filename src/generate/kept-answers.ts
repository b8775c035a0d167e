import { fromCache, intoCache } from '../encode/cache.ts';
import { type EndReason, type GenerateOptions, type LanguageModel, messagesOf, type Prompt } from './language-model.ts';

/** Characters of a piece when a kept answer is told again. */
const PIECE = 200;

/**
 * The same model, which is asked each thing once: whole answers are kept on disk, under the model's id, the prompt and the options, in the user's folder for
 * caches (`SAGITTA_CACHE`). Answers that ended for another reason than that they were done are not kept, and neither are those to a temperature above 0
 * without a seed, which are meant to differ.
 */
export function keptAnswers(model: LanguageModel): LanguageModel {
  const { id, window, score, dispose } = model;
  return {
    id,
    ...(window === undefined ? {} : { window }),
    ...(score === undefined ? {} : { score: score.bind(model) }),
    ...(dispose === undefined ? {} : { dispose: dispose.bind(model) }),
    generate: (prompt, options = {}) =>
      (options.temperature ?? 0) > 0 && options.seed === undefined
        ? model.generate(prompt, options)
        : keptOrAsked(model, prompt, options),
  };
}

async function* keptOrAsked(model: LanguageModel, prompt: Prompt, options: GenerateOptions): AsyncGenerator<string> {
  const { maxTokens, temperature, seed, onEnd } = options;
  const key = JSON.stringify([model.id, messagesOf(prompt), maxTokens, temperature, seed]);
  const before = await fromCache('answer', key);
  if (before !== undefined) {
    const text = new TextDecoder().decode(before);
    for (let at = 0; at < text.length; at += PIECE) yield text.slice(at, at + PIECE);
    onEnd?.('stop');
    return;
  }
  let text = '';
  let end: EndReason | undefined;
  const asked = model.generate(prompt, {
    ...options,
    onEnd: (reason) => {
      end = reason;
    },
  });
  for await (const piece of asked) {
    text += piece;
    yield piece;
  }
  if (end === 'stop' && text !== '') await intoCache('answer', key, new TextEncoder().encode(text));
  if (end !== undefined) onEnd?.(end);
}
