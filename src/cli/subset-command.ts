import { InvalidArgumentError } from '../base/errors.ts';
import { readEvaluation, selectTasks, subsetAgreement } from '../eval/index.ts';
import { print, printable, printJson, table } from './output.ts';

export interface SubsetCommandOptions {
  readonly json: boolean;
  readonly metric: string;
  readonly correlation: number;
  readonly error: number;
  readonly seed: number;
}

/** `sagitta subset REPORT...`: the collections that suffice to rank the systems, and how far they do. */
export async function subsetCommand(paths: readonly string[], options: SubsetCommandOptions): Promise<void> {
  const { metric, correlation, error, seed } = options;
  const byCollection = new Map<string, Map<string, number>>();
  for (const path of paths) {
    const { collection, systems } = await readEvaluation(path);
    const scores = byCollection.get(collection) ?? new Map<string, number>();
    byCollection.set(collection, scores);
    for (const [system, metrics] of systems) {
      const score = metrics[metric];
      if (score === undefined || score === null) {
        throw new InvalidArgumentError(
          `${path} has no ${metric} of ${system}.`,
          `Choose from ${Object.keys(metrics).join(', ')}, or evaluate with --metrics ${metric}.`,
        );
      }
      scores.set(system, score);
    }
  }
  const collections = [...byCollection.keys()];
  const named = new Set([...byCollection.values()].flatMap((scores) => [...scores.keys()]));
  const systems = [...named].filter((name) => [...byCollection.values()].every((scores) => scores.has(name)));
  const dropped = [...named].filter((name) => !systems.includes(name));
  if (collections.length < 3) {
    const remedy = 'Give evaluations of at least 3 collections.';
    throw new InvalidArgumentError(`There are evaluations of ${collections.length} collections.`, remedy);
  }
  const scores = systems.map((name) => collections.map((collection) => byCollection.get(collection)!.get(name)!));
  const { kept, leftOut } = selectTasks(scores, { correlation, error });
  const agreement = subsetAgreement(scores, kept, seed);
  if (options.json) {
    return printJson({
      metric,
      systems,
      dropped,
      kept: kept.map((task) => collections[task]),
      leftOut: leftOut.map(({ task, ...foretold }) => ({ collection: collections[task], ...foretold })),
      agreement,
    });
  }
  print(`${systems.length} systems by ${metric}; ${kept.length} of ${collections.length} collections suffice`);
  const foretold = new Map(leftOut.map((one) => [one.task, one]));
  print(
    table(
      ['collection', '', 'foretold: rank correlation', 'squared error / variance'],
      collections.map((name, task) => {
        const one = foretold.get(task);
        return [
          printable(name),
          one === undefined ? 'kept' : 'left out',
          one === undefined ? '' : one.correlation.toFixed(3),
          one === undefined ? '' : one.error.toFixed(3),
        ];
      }),
    ),
  );
  const { kept: chosen, random } = agreement;
  print(
    `The mean over those kept ranks the systems as that over all does with Kendall's tau ${chosen.kendall.toFixed(3)} (Spearman ${chosen.spearman.toFixed(3)}); as many at random: ${random.kendall.toFixed(3)} (${random.spearman.toFixed(3)}).`,
  );
  if (dropped.length > 0) {
    print(`Not evaluated on every collection, and left aside: ${dropped.map(printable).join(', ')}`);
  }
}
