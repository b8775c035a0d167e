import pc from 'picocolors';
import { InvalidArgumentError } from '../base/errors.ts';
import { BUILT_IN, OPERATORS } from '../search/index.ts';
import { openHere } from './opening.ts';
import { print, printable, printJson, table } from './output.ts';

export interface PipelinesOptions {
  readonly in: string;
  readonly json: boolean;
  /** Whether the named one becomes the default; false goes back to the usual one. */
  readonly default?: boolean | undefined;
  readonly remove: boolean;
}

/** `sagitta pipelines`: lists and changes the pipelines that a collection keeps. */
export async function pipelinesCommand(
  name: string | undefined,
  steps: string | undefined,
  options: PipelinesOptions,
): Promise<void> {
  await using collection = await openHere(options.in);
  if (options.remove && (name === undefined || steps !== undefined)) {
    throw new InvalidArgumentError(
      '--remove takes the name of a pipeline.',
      'Write `sagitta pipelines NAME --remove`.',
    );
  }
  if (options.default === true && name === undefined) {
    throw new InvalidArgumentError(
      '--default takes a pipeline or its name.',
      'Write `sagitta pipelines NAME --default`.',
    );
  }
  if (name !== undefined && steps !== undefined) await collection.namePipeline(name, steps);
  if (options.default === true) await collection.setDefaultPipeline(name);
  if (options.default === false) await collection.setDefaultPipeline(undefined);
  if (options.remove) await collection.namePipeline(name!, undefined);
  const { named, standard } = await collection.pipelines();
  const corpus = await collection.read(async ({ fields }) => fields.map((field) => [field.name, field.kind] as const));
  if (options.json)
    return printJson({ ...(standard === undefined ? {} : { default: standard }), named, builtIn: BUILT_IN });
  const isEmbedded = corpus.some(([, kind]) => kind === 'vector');
  const usual = standard ?? (isEmbedded ? 'hybrid' : 'bm25');
  const rows = Object.entries({ ...BUILT_IN, ...named }).map(([one, text]) => [
    one,
    printable(text),
    one === usual ? 'default' : '',
  ]);
  print(table(['pipeline', 'steps', ''], rows));
  if (!rows.some(([one]) => one === usual)) print(`default: ${usual}`);
  print();
  print(
    table(
      ['field', 'holds'],
      corpus.map(([field, kind]) => [field, kind]),
    ),
  );
  print();
  for (const { name: operator, help, takes, parameters } of OPERATORS.values()) {
    const takesOf = takes === 'pipelines' ? `${operator}(PIPELINE, ...)` : operator;
    print(`${pc.bold(takesOf)}  ${help}`);
    for (const [parameter, { help: meaning }] of Object.entries(parameters))
      print(pc.dim(`  ${parameter}: ${meaning}`));
  }
}
