import { RemoteError } from '../base/errors.ts';

/**
 * The scores of an answer, in the order of what was sent: a list of `{index, relevance_score}` or `{index, score}` under `results` or `data`, or by itself.
 * NaN for what it says nothing of, as endpoints leave out what is beyond their limit.
 * @throws RemoteError unless there is one score at least, all of them finite and of what was sent, none of the same twice.
 */
export function parseScores(body: unknown, count: number, url: string): Float32Array {
  const fail = (problem: string): RemoteError =>
    new RemoteError(
      `The answer of ${url} is not what a reranker gives: ${problem}.`,
      "Check that the URL names a rerank endpoint in Cohere's or Jina's shape, and the model a reranker.",
    );
  const { results, data } = (typeof body === 'object' && body !== null ? body : {}) as {
    results?: unknown;
    data?: unknown;
  };
  const list = Array.isArray(body) ? body : (results ?? data);
  if (!Array.isArray(list)) throw fail('it has no list `results`');
  if (list.length === 0) throw fail(`no score for ${count} candidates`);
  const scores = new Float32Array(count).fill(Number.NaN);
  for (const item of list as readonly ({ index?: unknown; relevance_score?: unknown; score?: unknown } | null)[]) {
    const index = item?.index;
    const score = item?.relevance_score ?? item?.score;
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count) {
      throw fail(`a score belongs to candidate ${JSON.stringify(index)} of ${count}`);
    }
    if (typeof score !== 'number' || !Number.isFinite(score))
      throw fail(`the score of candidate ${index} is no number`);
    if (!Number.isNaN(scores[index as number]!)) throw fail(`candidate ${index} has two scores`);
    scores[index as number] = score;
  }
  return scores;
}
