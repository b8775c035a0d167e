import type { Turn } from '../../content/index.ts';

/** Asks for a passage that would answer (Gao et al. 2022, "Precise Zero-Shot Dense Retrieval without Relevance Labels": HyDE). @param as what is written. */
export function hydePrompt(query: string, as: string): string {
  return `Write ${as} that answers or discusses the following, in 50 to 80 words. Write the text alone.\n\n${query}`;
}

/**
 * What differently worded instructions ask for (Dhole and Agichtein 2024, "GenQREnsemble"). Theirs are ten paraphrases of one wish, sampled at a high temperature; these wish for
 * different things, so that answers differ without sampling.
 */
export const INSTRUCTIONS: readonly string[] = [
  'Suggest synonyms and technical terms that documents about it would use',
  'Suggest broader concepts that it belongs to',
  'Say it as a question that somebody would ask',
  'List abbreviations, names, methods and products that belong to it',
  'Say it as the short title of a document about it',
];

/** @param instruction index into {@link INSTRUCTIONS}. */
export function ensemblePrompt(query: string, instruction: number): string {
  return `Improve the search effectiveness of the following query. ${INSTRUCTIONS[instruction]}. Answer with one line, words separated by commas.\n\n${query}`;
}

/** Asks for the things that are needed, each by itself (Kachuee et al. 2024, "Improving Tool Retrieval by Leveraging Large Language Models for Query Generation"). */
export function partsPrompt(query: string, most: number): string {
  return `List the separate things that have to be looked up for the following, at most ${most}, one on a line, each as a short query that is understood by itself.\n\n${query}`;
}

/** Asks for a question that is understood without the conversation before it. */
export function standalonePrompt(turns: readonly Turn[], query: string): string {
  const said = turns.map(({ role, text }) => `${role === 'user' ? 'User' : 'Assistant'}: ${text.replace(/\s+/g, ' ')}`);
  return [
    'Rewrite the last question of the conversation so that it is understood without what was said before. Answer with the question alone; where it needs nothing, repeat it.',
    '',
    ...said,
    `Last question: ${query}`,
  ].join('\n');
}
