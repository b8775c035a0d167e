import type { PipelineInput } from '../search/index.ts';
import { hasMeaning } from '../search/searching.ts';
import type { Collection } from './collection.ts';

/**
 * A pipeline that looks at what was said before the query: the one that was chosen where it says itself how (`rewrite`, or
 * `feedback(conversation)`, see `conversationFeedback`), else that one with `rewrite(turns)` behind it.
 * @param chosen Default: the collection's own.
 */
export async function pipelineWithTurns(
  collection: Collection,
  chosen: PipelineInput | undefined,
): Promise<PipelineInput> {
  const { named, standard } = await collection.pipelines();
  const base =
    chosen ?? standard ?? ((await collection.read(async (corpus) => hasMeaning(corpus))) ? 'hybrid' : 'bm25');
  // As data it says what it means.
  if (typeof base !== 'string') return base;
  return /\b(?:rewrite\(|feedback\(conversation\b)/.test(named[base] ?? base) ? base : `${base} > rewrite(turns)`;
}
