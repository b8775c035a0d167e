import { given } from '../../base/given.ts';
import type { LanguageModel } from '../../generate/language-model.ts';
import { ensemble, hyde, parts, type QueryWriter } from '../writing/index.ts';
import { INSTRUCTIONS } from '../writing/prompts.ts';
import { ENSEMBLE_DEFAULTS, HYDE_DEFAULTS, PARTS_DEFAULTS } from '../writing/writers.ts';
import type { Operator } from './types.ts';
import { WRITING, writing } from './writing.ts';

interface Settings {
  readonly n?: number;
  readonly original?: number;
  readonly as?: string;
}

/** What each kind takes besides the model, and how it is made. */
const KINDS: Readonly<
  Record<string, { readonly takes: readonly string[]; make(model: LanguageModel, settings: Settings): QueryWriter }>
> = {
  hyde: {
    takes: ['n', 'original', 'as'],
    make: (model, { n, original, as }) => hyde(model, given({ passages: n, original, as })),
  },
  ensemble: {
    takes: ['n', 'original'],
    make: (model, { n, original }) => ensemble(model, given({ prompts: n, original })),
  },
  fusion: {
    takes: ['n', 'original'],
    make: (model, { n, original }) => ensemble(model, { fused: true, ...given({ prompts: n, original }) }),
  },
  parts: { takes: ['n'], make: (model, { n }) => parts(model, given({ most: n })) },
};

export const expand: Operator = {
  name: 'expand',
  help: 'asks what stands before it with a query to which a language model wrote more',
  takes: 'ranking',
  parameters: {
    by: {
      kind: 'choice',
      required: true,
      choices: Object.keys(KINDS),
      help: 'hyde (a passage that would answer), ensemble (reformulations, as one query), fusion (the same, their rankings fused) or parts (what has to be looked up, rankings fused).',
    },
    n: {
      kind: 'whole',
      least: 1,
      most: 20,
      help: `Passages of hyde (${HYDE_DEFAULTS.passages}), instructions of ensemble and fusion (${INSTRUCTIONS.length}, at most), queries of parts (${PARTS_DEFAULTS.most}).`,
    },
    original: {
      kind: 'number',
      least: 0,
      most: 1,
      help: `Weight of the query's own words; what was written has the rest. Default hyde ${HYDE_DEFAULTS.original}, ensemble and fusion ${ENSEMBLE_DEFAULTS.original}.`,
    },
    as: { kind: 'name', help: `What hyde writes. Default "${HYDE_DEFAULTS.as}".` },
    ...WRITING,
  },
  make: ([input], parameters, scope) => {
    const { by, model, n, original, as } = parameters;
    const { takes, make } = KINDS[by as string]!;
    const settings = given({ n, original, as }) as Settings;
    for (const name of Object.keys(settings)) {
      if (!takes.includes(name)) scope.fail(`"${name}" is not for "${by}"`, 'Leave it out.');
    }
    if ((by === 'ensemble' || by === 'fusion') && (n as number) > INSTRUCTIONS.length) {
      scope.fail(`there are ${INSTRUCTIONS.length} instructions, not ${n}`, 'Ask fewer.');
    }
    return writing(input!, `expand ${by}`, make(scope.model(model as string), settings), parameters, scope);
  },
};
