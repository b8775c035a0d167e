import type { Content, EncodeOptions } from './encoder.ts';

/** Text that a model was trained to see before its inputs. `{instruction}` in it stands for the call's instruction. */
export interface Prefixes {
  /** Before a query, e.g. `query: ` or `Instruct: {instruction}\nQuery: `. Default: nothing. */
  readonly query?: string;
  /** Before a document, e.g. `passage: `. Default: nothing. */
  readonly document?: string;
}

/** The inputs as the model is to see them. */
export function withPrefix(
  inputs: readonly Content[],
  prefixes: Prefixes,
  { role = 'document', instruction = '' }: EncodeOptions,
): readonly Content[] {
  const prefix = (prefixes[role] ?? '').replaceAll('{instruction}', instruction);
  return prefix === '' ? inputs : inputs.map((input) => prefix + input);
}
