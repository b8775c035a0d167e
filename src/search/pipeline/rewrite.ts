import { standalone, userTurns } from '../writing/index.ts';
import type { Operator } from './types.ts';
import { WRITING, writing } from './writing.ts';

const TURNS = 3;

export const rewrite: Operator = {
  name: 'rewrite',
  help: 'asks what stands before it with a query that is understood without the conversation before it',
  takes: 'ranking',
  parameters: {
    by: {
      kind: 'choice',
      required: true,
      choices: ['standalone', 'turns'],
      help: 'standalone (a language model rewrites the question) or turns (what the user said before is added).',
    },
    n: { kind: 'whole', least: 1, most: 100, help: `Of turns: the last so many of the user. Default ${TURNS}.` },
    ...WRITING,
  },
  make: ([input], parameters, scope) => {
    const { by, n = TURNS, model } = parameters;
    if (by === 'standalone') {
      if (parameters['n'] !== undefined) scope.fail('"n" is of turns', 'Leave it out.');
      return writing(input!, 'rewrite standalone', standalone(scope.model(model as string)), parameters, scope);
    }
    for (const name of Object.keys(WRITING)) {
      if (parameters[name] !== undefined) scope.fail(`"${name}" is of standalone`, 'Leave it out.');
    }
    return writing(input!, 'rewrite turns', userTurns(n as number), {}, scope);
  },
};
