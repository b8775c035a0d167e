import { InvalidArgumentError } from '../../base/errors.ts';
import { cut } from './cut.ts';
import { expand } from './expand.ts';
import { feedback } from './feedback.ts';
import { fuse } from './fuse.ts';
import { group } from './group.ts';
import { interleave } from './interleave.ts';
import { neighbours } from './neighbours.ts';
import { prf } from './prf.ts';
import { rerank } from './rerank.ts';
import { rewrite } from './rewrite.ts';
import type { Extensions, Operator } from './types.ts';
import { walk } from './walk.ts';

/** The operators that there are, by name. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  [fuse, interleave, rerank, neighbours, walk, prf, expand, rewrite, feedback, group, cut].map((operator) => [
    operator.name,
    operator,
  ]),
);

/** With those of one's own. @throws InvalidArgumentError for a name that is taken, or none. */
export function operatorsWith({ operators = [] }: Extensions): ReadonlyMap<string, Operator> {
  if (operators.length === 0) return OPERATORS;
  const all = new Map(OPERATORS);
  for (const operator of operators) {
    const { name } = operator;
    if (!/^[a-z][\w-]*$/i.test(name) || all.has(name)) {
      throw new InvalidArgumentError(
        `"${name}" cannot be the name of an operator.`,
        all.has(name) ? 'It is taken; choose another.' : 'Use letters, digits and "-", a letter first.',
      );
    }
    all.set(name, operator);
  }
  return all;
}
