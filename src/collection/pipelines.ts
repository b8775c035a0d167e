import { InvalidArgumentError } from '../base/errors.ts';
import type { Corpus } from '../corpus/index.ts';
import {
  checkPipelineName,
  compilePipeline,
  type Extensions,
  type PipelineInput,
  pipeline,
  type SearchEnvironment,
} from '../search/index.ts';

/** Pipelines that a collection keeps, as texts. */
export interface StoredPipelines {
  readonly named: Readonly<Record<string, string>>;
  /** What searches run that name none. */
  readonly standard?: string;
}

/** Under this name they stand among the options of the manifest. */
export const PIPELINES = 'pipelines';

/** Those that a manifest's options hold. */
export function storedPipelines(options: Readonly<Record<string, unknown>>): StoredPipelines {
  return (options[PIPELINES] as StoredPipelines | undefined) ?? { named: {} };
}

/** What they are for searches. */
export function withStored({ named, standard }: StoredPipelines): Pick<SearchEnvironment, 'names' | 'standard'> {
  const names = new Map(Object.entries(named));
  return { ...(names.size === 0 ? {} : { names }), ...(standard === undefined ? {} : { standard }) };
}

/**
 * With one pipeline more, another or fewer. @param name `undefined` for the default one. @param given undefined takes it away.
 * @throws InvalidArgumentError for a name that is taken, for a pipeline that does not run here, and where others name what would be gone.
 */
export async function changedPipelines(
  before: StoredPipelines,
  name: string | undefined,
  given: PipelineInput | undefined,
  { corpus, ...rest }: SearchEnvironment & { readonly corpus: Corpus },
): Promise<StoredPipelines> {
  const text = given === undefined ? undefined : String(pipeline(given, rest.extensions as Extensions | undefined));
  const { standard, named } = before;
  if (name !== undefined) checkPipelineName(name, corpus);
  if (name !== undefined && text === undefined && !Object.hasOwn(named, name)) {
    throw new InvalidArgumentError(
      `There is no pipeline "${name}".`,
      `There are ${Object.keys(named).join(', ') || 'none'}.`,
    );
  }
  const { [name ?? '']: _, ...others } = named;
  const after: StoredPipelines =
    name === undefined
      ? { named, ...(text === undefined ? {} : { standard: text }) }
      : {
          named: text === undefined ? others : { ...others, [name]: text },
          ...(standard === undefined ? {} : { standard }),
        };
  const runs = async (one: string, stored: StoredPipelines): Promise<unknown> =>
    compilePipeline(one, { corpus, ...rest, ...withStored(stored), allowRemote: true });
  for (const one of [...Object.keys(after.named), ...(after.standard === undefined ? [] : [after.standard])]) {
    const isNew = one === name || (name === undefined && one === after.standard);
    // What did not run before, for want of a part that only other programs have, is not to blame.
    if (
      isNew ||
      (await runs(one, before).then(
        () => true,
        () => false,
      ))
    )
      await runs(one, after);
  }
  return after;
}
