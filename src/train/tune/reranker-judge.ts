import type { TrainableCross } from '../../encode/index.ts';
import { mixedScores } from '../../search/pipeline/mixed-scores.ts';
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
          const mixed = mixedScores(
            candidates.map(({ score }) => score),
            scores[i]!,
            weight,
          );
          // Those that were not read stay behind, in their order.
          const read = [...mixed.keys()].sort((a, b) => mixed[b]! - mixed[a]! || a - b);
          const order = [...read, ...Array.from(candidates.keys()).slice(read.length)];
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
