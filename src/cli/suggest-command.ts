import pc from 'picocolors';
import { given } from '../base/given.ts';
import { parseFilter } from '../search/index.ts';
import { openHere } from './opening.ts';
import { plural, print, printable, printJson, say } from './output.ts';
import { filterFromHere } from './where.ts';

export interface SuggestCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly field: string;
  readonly k: number;
  readonly examples: number;
  readonly pipeline?: string;
  readonly filter?: string;
  readonly language?: string;
  /** Documents that are probably not relevant vote as well. */
  readonly all: boolean;
}

/** Ids of documents that are shown beside a value. */
const SHOWN = 3;

/** `sagitta suggest`: values of a field for a text, from its nearest documents. */
export async function suggestCommand(
  words: readonly string[],
  options: SuggestCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { in: directory, json, filter, all, field, k, examples, pipeline, language } = options;
  await using collection = await openHere(directory);
  const found = await collection.suggestValues(words.join(' '), {
    field,
    k,
    examples,
    signal,
    ...given({ pipeline, language }),
    ...(filter === undefined ? {} : { filter: filterFromHere(directory, parseFilter(filter)) }),
    ...(all ? { relevance: 0 } : {}),
  });
  if (json) return printJson(found);
  for (const { value, score, support, examples: ids } of found.suggestions) {
    const more = ids.length > SHOWN ? ', …' : '';
    const from = `${plural(support, 'document')}: ${ids.slice(0, SHOWN).join(', ')}${more}`;
    print(`${`${Math.round(100 * score)} %`.padStart(5)}  ${printable(String(value))}  ${pc.dim(printable(from))}`);
  }
  if (found.note === undefined) say(pc.dim(`${plural(found.examples, 'document')} voted`));
  else say(printable(found.note));
}
