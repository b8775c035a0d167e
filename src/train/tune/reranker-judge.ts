import type { TrainableCross } from '../../encode/index.ts';
import { type DocumentList, METRIC, measure } from './corpus.ts';
import type { TuneExample } from './examples.ts';
import type { Candidate, RerankerLists } from './reranker-lists.ts';

/** What the scores may count beside those before; validation chooses. */
const WEIGHTS = [0.25, 0.5, 0.75, 1];

/** Measures a cross-encoder in training on validation queries, whose candidates are found once. */
export class RerankerJudge {
  #candidates: readonly (readonly Candidate[])[] | undefined;

  constructor(
    private readonly lists: RerankerLists,
    private readonly queries: readonly TuneExample[],
    private readonly depth: number,
  ) {}

  /** nDCG@10 with the weight that suits it best. */
  async measure(cross: TrainableCross, signal: AbortSignal | undefined): Promise<number> {
    return Math.max(...(await this.#byWeight(cross, signal)));
  }

  async weightOf(cross: TrainableCross, signal: AbortSignal | undefined): Promise<number> {
    const values = await this.#byWeight(cross, signal);
    return WEIGHTS[values.indexOf(Math.max(...values))]!;
  }

  async #byWeight(cross: TrainableCross, signal: AbortSignal | undefined): Promise<number[]> {
    this.#candidates ??= await this.lists.candidates(this.queries, 2 * this.depth);
    const served = cross.serve('in training');
    try {
      const scores: Float32Array[] = [];
      for (const [i, { query }] of this.queries.entries()) {
        const texts = this.#candidates[i]!.slice(0, this.depth).map(({ text }) => text);
        scores.push(await served.score(query, texts, signal === undefined ? {} : { signal }));
      }
      return WEIGHTS.map((weight) => {
        const lists = this.#candidates!.map((candidates, i): DocumentList => {
          const mixed = mixture(candidates, scores[i]!, weight);
          const order = [...candidates.keys()].sort((a, b) => mixed[b]! - mixed[a]! || a - b);
          const ids = [...new Set(order.map((at) => candidates[at]!.id))];
          return { ids, scores: Float64Array.from(ids, (_, at) => -at) };
        });
        return measure(lists, this.queries).mean(METRIC);
      });
    } finally {
      await served.dispose();
    }
  }
}

/** Scores as `rerank` mixes them; candidates that were not read stay behind, in their order. */
function mixture(candidates: readonly { readonly score: number }[], scores: Float32Array, weight: number): number[] {
  const scaled = (values: readonly number[]) => {
    const least = Math.min(...values);
    const range = Math.max(...values) - least || 1;
    return values.map((value) => (value - least) / range);
  };
  const before = scaled(candidates.slice(0, scores.length).map(({ score }) => score));
  const now = scaled([...scores]);
  return candidates.map((_, i) => (i < scores.length ? (1 - weight) * before[i]! + weight * now[i]! : -1 - i));
}
