import { InvalidArgumentError } from '../base/errors.ts';
import type { Query } from '../content/index.ts';
import type { Fusion, Share } from './fusions.ts';
import type { Contribution, RankedPassage, Ranking, RetrieveParams, Retriever, StageTrace } from './types.ts';

/** Options of {@link fuse}. */
export interface FuseOptions {
  /**
   * One weight per retriever, at least 0. Default: equal. Weights are scaled to sum to 1 over those that vote. A retriever of weight 0
   * is not asked.
   */
  readonly weights?: readonly number[];
  /** Candidates of each retriever that are ranked together, whatever k: a whole number, at least 1. Default {@link CANDIDATES}. */
  readonly candidates?: number;
}

/** How many candidates of each retriever are ranked together by default. */
export const CANDIDATES = 50;
/** Where they do not suffice for k, the next block goes this many times as deep. */
const GROWTH = 4;
/** Between the last score of a block and the first of the next one, more than rounding can make good. */
const GAP = 1e-9;

/**
 * One retriever out of several: asks all, and ranks by the sum of the shares that the fusion gives.
 *
 * The result for k is the head of the result for any larger k, to the bit. Candidates come in blocks whose depths do not depend on k, and
 * what scores are normalised with follows from the first block; passages that a later block adds stand behind those before. So that
 * scores descend there too, those of a later block are lowered by what its best one has too much.
 *
 * A passage that one retriever found and another did not gets the other's exact score where the other can tell (`Retriever.score`). Where it can say
 * with less work what that score is at most (`Retriever.bounds`), those that cannot be among the first k are not asked for.
 */
export function fuse(retrievers: readonly Retriever[], fusion: Fusion, options: FuseOptions = {}): Retriever {
  const { weights = retrievers.map(() => 1), candidates = CANDIDATES } = options;
  const isWeight = (weight: number) => weight >= 0 && weight < Number.POSITIVE_INFINITY;
  if (weights.length !== retrievers.length || !weights.every(isWeight) || !weights.some((weight) => weight > 0)) {
    throw new InvalidArgumentError(
      `Fusion of ${retrievers.length} retrievers with weights [${weights.join(', ')}].`,
      'Give one non-negative weight per retriever, at least one of them positive.',
    );
  }
  if (!Number.isInteger(candidates) || candidates < 1) {
    throw new InvalidArgumentError(`candidates is ${candidates}.`, 'Give a whole number, at least 1.');
  }
  return async (query, params) => {
    const start = performance.now();
    const own = { ...params, limit: fusion.limits === true };
    const asked = retrievers.flatMap((retriever, i) =>
      weights[i]! > 0 ? [new Component(retriever, weights[i]!, query, own)] : [],
    );
    await Promise.all(asked.map((component) => component.ask(candidates)));
    const voting = asked.filter(({ abstained }) => !abstained);
    const total = voting.reduce((sum, { weight }) => sum + weight, 0);
    const shares = fusion.shares(
      voting.map(({ first }) => first),
      voting.map(({ weight }) => weight / total),
    );

    const hits: RankedPassage[] = [];
    const ranked = new Set<number>();
    let depth = candidates;
    for (;;) {
      const fresh = [...new Set(voting.flatMap(({ known }) => [...known.keys()]))].filter((one) => !ranked.has(one));
      const last = hits.length === 0 ? boundedIn(voting, shares) : undefined;
      await Promise.all(
        voting.map((component, i) => component !== last && shares[i]!.looksUp && component.lookUp(fresh)),
      );
      const wanted = last === undefined ? fresh : await promising(fresh, last, voting, shares, params.k);
      if (last !== undefined) await last.lookUp(wanted);
      const block = wanted.map((passage) => combined(passage, voting, shares));
      append(hits, block);
      for (const passage of fresh) ranked.add(passage);
      if (hits.length >= params.k || voting.every(({ complete }) => complete)) break;
      params.signal?.throwIfAborted();
      depth *= GROWTH;
      await Promise.all(voting.map((component) => component.ask(depth)));
    }
    const returned = hits.slice(0, params.k);
    return {
      hits: returned,
      ...(voting.length === 0 ? { abstained: true } : {}),
      trace: {
        stage: `fuse ${fusion.name}`,
        tookMs: performance.now() - start,
        examined: ranked.size,
        returned: returned.length,
        note: describe(candidates, depth, voting, shares),
        inputs: asked.map(({ trace }) => trace),
      },
    };
  };
}

/** One of the retrievers at work on one query. */
class Component {
  /** Hits by passage, with their ranks. */
  readonly known = new Map<number, { readonly score: number; readonly rank: number }>();
  /** Scores of passages that it did not return; NaN where it has nothing to say. */
  readonly lookedUp = new Map<number, number>();
  /** Its first candidates. */
  #first: Ranking | undefined;
  #trace: StageTrace | undefined;
  /** Whether it has returned everything that it finds. */
  complete = false;

  constructor(
    readonly retriever: Retriever,
    readonly weight: number,
    private readonly query: Query,
    private readonly params: RetrieveParams,
  ) {}

  get first(): Ranking {
    return this.#first!;
  }

  /** Of all calls together. */
  get trace(): StageTrace {
    return this.#trace!;
  }

  get abstained(): boolean {
    return this.first.abstained === true;
  }

  async ask(depth: number): Promise<void> {
    if (this.complete) return;
    const ranking = await this.retriever(this.query, { ...this.params, k: depth });
    this.#first ??= ranking;
    this.complete = ranking.hits.length < depth;
    for (const { passage, score } of ranking.hits) {
      // An approximate retriever may change its mind when it is asked for more; what it said first stands.
      if (!this.known.has(passage)) this.known.set(passage, { score, rank: this.known.size + 1 });
    }
    const { trace } = ranking;
    this.#trace = {
      ...(this.#trace ?? trace),
      tookMs: trace.tookMs + (this.#trace?.tookMs ?? 0),
      examined: Math.max(trace.examined, this.#trace?.examined ?? 0),
      returned: this.known.size,
    };
  }

  /** See {@link Retriever.bounds}. */
  async bounds(passages: Uint32Array): Promise<Float32Array> {
    const start = performance.now();
    const bounds = await this.retriever.bounds!(this.query, passages);
    this.#trace = { ...this.trace, tookMs: this.trace.tookMs + performance.now() - start };
    return bounds;
  }

  async lookUp(passages: readonly number[]): Promise<void> {
    const { score } = this.retriever;
    const lacking = Uint32Array.from(passages.filter((passage) => !this.known.has(passage))).sort();
    if (score === undefined || lacking.length === 0) return;
    const start = performance.now();
    const scores = await score(this.query, lacking);
    for (let i = 0; i < lacking.length; i++) this.lookedUp.set(lacking[i]!, scores[i]!);
    this.#trace = { ...this.trace, tookMs: this.trace.tookMs + performance.now() - start };
  }
}

type Combined = RankedPassage & { readonly contributions: readonly Contribution[] };

/** A passage with what each component gives it. */
function combined(passage: number, components: readonly Component[], shares: readonly Share[]): Combined {
  const contributions: Contribution[] = [];
  components.forEach(({ known, lookedUp, complete, trace: { stage } }, i) => {
    const { of, unknown } = shares[i]!;
    const hit = known.get(passage);
    const score = lookedUp.get(passage);
    if (hit !== undefined)
      contributions.push({ stage, rank: hit.rank, score: hit.score, share: of(hit.score, hit.rank) });
    else if (score !== undefined && !Number.isNaN(score)) {
      const share = of(score, undefined);
      if (share !== 0) contributions.push({ stage, score, share });
    } else if (unknown !== 0 && !(score === undefined && complete)) contributions.push({ stage, share: unknown });
  });
  return { passage, score: sumOf(contributions), contributions };
}

/** The one retriever whose scores are to be looked up that says what they are at most; undefined where none does, or several. */
function boundedIn(voting: readonly Component[], shares: readonly Share[]): Component | undefined {
  const [one, ...others] = voting.filter(({ retriever }, i) => shares[i]!.looksUp && retriever.bounds !== undefined);
  return others.length === 0 ? one : undefined;
}

/**
 * Passages that may be among the first k, of which all but one retriever have said what they know: those that this one returned, and those that
 * would be no worse than the k-th best of these with the score that it says they have at most.
 */
async function promising(
  fresh: readonly number[],
  last: Component,
  voting: readonly Component[],
  shares: readonly Share[],
  k: number,
): Promise<readonly number[]> {
  const settled = fresh.filter((passage) => last.known.has(passage));
  if (settled.length < k || settled.length === fresh.length) return fresh;
  const least = settled.map((passage) => combined(passage, voting, shares).score).sort((a, b) => b - a)[k - 1]!;
  const open = Uint32Array.from(fresh.filter((passage) => !last.known.has(passage))).sort();
  const bounds = await last.bounds(open);
  const mayBe = [...open].filter((passage, i) => {
    last.lookedUp.set(passage, bounds[i]!);
    const atMost = combined(passage, voting, shares).score;
    last.lookedUp.delete(passage);
    return !Number.isFinite(bounds[i]!) || !(atMost < least);
  });
  return [...settled, ...mayBe];
}

/** Appends a block, best first, behind what is ranked already. */
function append(hits: RankedPassage[], block: readonly Combined[]): void {
  const best = block.reduce((most, { score }) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  const excess = hits.length === 0 ? 0 : best - hits.at(-1)!.score + GAP;
  const fitting = excess > 0 ? block.map((hit) => lowered(hit, excess)) : [...block];
  hits.push(...fitting.sort((a, b) => b.score - a.score || a.passage - b.passage));
}

function lowered({ passage, contributions: given }: Combined, by: number): Combined {
  const contributions = given.map((one) => ({ ...one, share: one.share - by / given.length }));
  return { passage, score: sumOf(contributions), contributions };
}

function sumOf(contributions: readonly Contribution[]): number {
  return contributions.reduce((sum, { share }) => sum + share, 0);
}

function describe(candidates: number, depth: number, voting: readonly Component[], shares: readonly Share[]): string {
  const parts = voting.map(({ trace, lookedUp }, i) => {
    const facts = [
      ...(shares[i]!.note === undefined ? [] : [shares[i]!.note]),
      ...(lookedUp.size === 0 ? [] : [`${lookedUp.size} scores looked up`]),
    ];
    return facts.length === 0 ? [] : [`${trace.stage} ${facts.join(', ')}`];
  });
  const further = depth > candidates ? `, then ${depth}` : '';
  return [`${candidates} candidates of each${further}`, ...parts.flat()].join('; ');
}
