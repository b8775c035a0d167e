import { InvalidArgumentError } from '../base/errors.ts';
import type { Collection } from '../collection/index.ts';
import type { Judgements } from '../eval/index.ts';
import { idOf, number, plural, say } from './output.ts';

/**
 * Looks for the documents that are judged relevant before anything is learned from them; says how many are not there.
 * @throws InvalidArgumentError where the collection has none of them.
 */
export async function checkJudged(collection: Collection, judgements: Judgements, file: string): Promise<void> {
  const relevant = new Set<string>();
  for (const grades of judgements.values()) for (const [id, grade] of grades) if (grade > 0) relevant.add(id);
  if (relevant.size === 0) {
    throw new InvalidArgumentError(`${file} judges no document relevant.`, 'Give judgements with grades above 0.');
  }
  const unknown = await collection.read(async (corpus) => {
    const missing: string[] = [];
    for (const id of relevant) if ((await corpus.find(id)) === undefined) missing.push(id);
    return missing;
  });
  if (unknown.length === 0) return;
  const such = `such as "${idOf(unknown[0]!)}"`;
  if (unknown.length === relevant.size) {
    throw new InvalidArgumentError(
      `None of the ${plural(relevant.size, 'document')} that ${file} judges relevant is in the collection, ${such}.`,
      'Name documents by their ids, as `sagitta search --json` shows them, or index them first.',
    );
  }
  say(
    `${number(unknown.length)} of the ${plural(relevant.size, 'document')} that ${file} judges relevant are not in the collection, ${such}.`,
  );
}
