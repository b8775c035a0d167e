import type { GenerateOptions, LanguageModel, Prompt } from './language-model.ts';

/** The whole answer of a model, as far as it came. @throws as `generate` of the model. */
export async function answerOf(
  model: LanguageModel,
  prompt: Prompt,
  { signal, ...options }: Omit<GenerateOptions, 'signal'> & { readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  let text = '';
  for await (const piece of model.generate(prompt, signal === undefined ? options : { ...options, signal }))
    text += piece;
  return text;
}
