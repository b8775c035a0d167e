import type { GenerateOptions, LanguageModel, Prompt } from './language-model.ts';

/** What a model thought aloud before it answered; a thought that does not end is all thought. */
const THOUGHT = /<think(?:ing)?>[\s\S]*?(?:<\/think(?:ing)?>|$)/gi;

/** An answer without what the model thought aloud. */
export function withoutThoughts(answer: string): string {
  return answer.replace(THOUGHT, '');
}

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
