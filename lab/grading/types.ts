import type { Lab } from './lab.ts';

/** What a paper composes, and what is claimed of it here. */
export interface Paper {
  readonly slug: string;
  /** What it is about, in a sentence or two. */
  readonly summary: string;
  /** The library parts that it uses, as `folder/part`. */
  readonly parts: readonly string[];
  /** Where this differs from the paper, or fills in what the paper leaves open. */
  readonly departures: readonly string[];
  /** The encoder that its claims are about, whatever the lab's is. */
  readonly encoder?: string;
  /** Expected seconds of a check on two cores, where nothing is kept of earlier ones. */
  readonly seconds: { readonly quick: number; readonly full: number };
  /** How a user gets its mechanism. */
  readonly reach: Reach;
  readonly claims: readonly Claim[];
}

/** The ways to a mechanism: documented, and open to everybody. None where it is not to be had yet. */
export interface Reach {
  /** Commands, as they are typed: `sagitta learn-index --labels FILE`. */
  readonly commands?: readonly string[];
  /** Exports of the package, as `folder/name`: `train/learnBinary` is `learnBinary` of `sagitta-search/train`. */
  readonly exports?: readonly string[];
  /** Whether somebody who sets nothing uses it. */
  readonly byDefault: boolean;
}

/** In a sentence for tables; `none yet` where there is no way. */
export function reachOf({ commands = [], exports = [], byDefault }: Reach): string {
  const ways = [
    ...commands.map((command) => `\`${command}\``),
    ...exports.map((path) => {
      const [folder, name] = path.split('/');
      return `\`${name}\` of \`sagitta-search/${folder}\``;
    }),
  ];
  return ways.length === 0 ? 'none yet' : `${ways.join(', ')}; ${byDefault ? 'the default' : 'not by default'}`;
}

export type Claim = ComparativeClaim | ExactClaim;

interface ClaimBase {
  /** Names the claim within its paper. */
  readonly id: string;
  /** One sentence that can turn out false, with its figure. */
  readonly statement: string;
}

/** A setting that is tuned: names and values. */
export type Config = Readonly<Record<string, number | string | boolean>>;

/**
 * "Method beats baseline by a margin": the lab tunes both on development units with the same rules, and measures both once on
 * units that neither has seen. Truth lies with the lab; what runs never sees that of development or test units.
 */
export interface ComparativeClaim extends ClaimBase {
  readonly kind: 'comparative';
  /** What `measure` returns, e.g. `nDCG@10`; greater is better. */
  readonly metric: string;
  /** Least advantage over the baseline that the statement means; negative for "loses no more than". */
  readonly margin: Margin;
  /** Seeds of what is random in method and baseline; 3 at least. Left out where nothing is, which the lab verifies. */
  readonly seeds?: readonly number[];
  /**
   * Brings the material. @throws NeedsData when it is not there.
   */
  readonly load: (lab: Lab) => Promise<Material>;
}

/** The statement holds when `method - baseline - relative * baseline - absolute` is above 0. */
export interface Margin {
  readonly absolute?: number;
  /** As a share of the baseline's mean: 0.05 for "at least 5% better". */
  readonly relative?: number;
}

/** What a comparison is made on. `Truth` and `Answer` are the claim's own. */
export interface Material<Truth = unknown, Answer = unknown> {
  /** Truth of each unit (query), sealed: `fit` gets that of training units only. */
  readonly truth: ReadonlyMap<string, Truth>;
  /** Given splits, e.g. a collection's own; units without a split are left out. Default: drawn by the lab. */
  readonly split?: (unit: string) => Split | undefined;
  /** Share of units for training, where the lab draws. Default 0: neither side learns from truth. */
  readonly trainShare?: number;
  /** Files that it was made from: name and SHA-256. */
  readonly sources: Readonly<Record<string, string>>;
  /** The value of a unit. Of this and `measureAll` there is one. */
  readonly measure?: (truth: Truth, answer: Answer) => number;
  /** Values of all units of a split at once, where one depends on the answers to others: pooled curves, neighbours among them. */
  readonly measureAll?: (
    truth: ReadonlyMap<string, Truth>,
    answers: ReadonlyMap<string, Answer>,
  ) => ReadonlyMap<string, number>;
  readonly baseline: Contestant<Truth, Answer>;
  readonly method: Contestant<Truth, Answer>;
  /** Measured beside them; only rivals have a say in the verdict. */
  readonly controls?: readonly Contestant<Truth, Answer>[];
  /** Worth a note in the evidence, e.g. bytes or times. */
  readonly notes?: readonly string[];
}

export type Split = 'train' | 'dev' | 'test';

/** One side of a comparison. */
export interface Contestant<Truth = unknown, Answer = unknown> {
  readonly name: string;
  /** Of a control: where it is better than the method, the claim does not hold. Default false. */
  readonly rival?: boolean;
  /**
   * What is tuned; the lab tries all on development units. One entry: nothing is. Where the best of several learning rates or decays of weights (settings named `...Rate` and `decay`) is the least or the greatest,
   * it goes on beyond, up to four steps.
   */
  readonly configs: readonly Config[];
  /** Nothing can be tuned in it, as it learns nothing and has no setting: the other side may be tuned nevertheless. Default false. */
  readonly untunable?: boolean;
  /** Makes what answers. Bytes and milliseconds may be reported beside. */
  readonly fit: (config: Config, context: FitContext<Truth>) => Promise<Fitted<Answer>>;
}

export interface FitContext<Truth> {
  readonly seed: number;
  /** Truth of training units only. */
  readonly train: ReadonlyMap<string, Truth>;
  readonly signal: AbortSignal;
}

export interface Fitted<Answer> {
  readonly answer: (unit: string) => Answer | Promise<Answer>;
  /** Figures beside quality, e.g. `{ 'bytes / vector': 16 }`. */
  readonly costs?: Readonly<Record<string, number>>;
}

/** "This is so, up to a tolerance": an identity, a bound on a constant, a property of the implementation. Nothing is tuned. */
export interface ExactClaim extends ClaimBase {
  readonly kind: 'exact';
  /**
   * `code`: a property of the code, so whatever the data. `data`: it might be otherwise with other units or seeds; the result says
   * how many there were, and the rules of {@link ComparativeClaim} for their numbers hold.
   */
  readonly of: 'code' | 'data';
  readonly check: (lab: Lab) => Promise<ExactResult>;
}

export interface ExactResult {
  /** What was measured. */
  readonly metric: string;
  readonly value: number;
  /** `value` must be at least, or at most, this. */
  readonly atLeast?: number;
  readonly atMost?: number;
  /** What a value of data was taken over: queries, systems, tasks; 50 at least. */
  readonly units?: number;
  /** Seeds of what is random; left out where nothing is, which the lab verifies by a second run. */
  readonly seeds?: number;
  /** Tables and remarks for the evidence. */
  readonly notes?: readonly string[];
  readonly sources?: Readonly<Record<string, string>>;
}

/** What is the case; see `settle` in verdict.ts. */
export type Verdict = 'holds' | 'smaller' | 'no difference' | 'worse' | 'inconclusive' | 'needs-data';

/** Forgets the types of truth and answers, which only the claim itself knows. */
export function material<Truth, Answer>(typed: Material<Truth, Answer>): Material {
  return typed as unknown as Material;
}
