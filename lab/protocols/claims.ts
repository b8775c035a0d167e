import type { Lab } from '../grading/lab.ts';
import { type ComparativeClaim, type Contestant, type ExactClaim, type Material, material } from '../grading/types.ts';

/** What a claim says. Margin by default: none. */
export interface Said extends Pick<ComparativeClaim, 'id' | 'statement'>, Partial<Pick<ComparativeClaim, 'margin'>> {}

/** What a claim compares, in a protocol's own terms. */
export interface Sides<Method, Baseline = Method> {
  readonly baseline: Baseline;
  readonly method: Method;
  readonly controls?: readonly Method[];
  /** Controls that keep the claim from holding where they are better. */
  readonly rivals?: readonly Method[];
}

/** What is given to all sides, and how one of them becomes a contestant. */
export interface Arena<Side, Truth, Answer> {
  readonly material: Omit<Material<Truth, Answer>, 'baseline' | 'method' | 'controls'>;
  readonly contestant: (side: Side) => Contestant<Truth, Answer> | Promise<Contestant<Truth, Answer>>;
}

/** A comparison of sides. @param seeds of what is random; none where nothing is. */
export function comparison<Method, Baseline extends Method | object, Truth, Answer>(
  { id, statement, margin = {}, baseline, method, controls = [], rivals = [] }: Said & Sides<Method, Baseline>,
  metric: string,
  arena: (lab: Lab) => Promise<Arena<Method | Baseline, Truth, Answer>>,
  seeds: readonly number[] = [1, 2, 3],
): ComparativeClaim {
  return {
    id,
    kind: 'comparative',
    statement,
    metric,
    margin,
    ...(seeds.length === 0 ? {} : { seeds }),
    load: async (lab) => {
      const { material: given, contestant } = await arena(lab);
      const besides: Contestant<Truth, Answer>[] = [];
      for (const side of controls) besides.push(await contestant(side));
      for (const side of rivals) besides.push({ ...(await contestant(side)), rival: true });
      return material<Truth, Answer>({
        ...given,
        baseline: await contestant(baseline),
        method: await contestant(method),
        controls: besides,
      });
    },
  };
}

/** A claim about one value, of the code or of data, see {@link ExactClaim}. */
export function exactClaim(of: ExactClaim['of'], claim: Omit<ExactClaim, 'kind' | 'of'>): ExactClaim {
  return { ...claim, of, kind: 'exact' };
}
