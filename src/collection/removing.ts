import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Corpus } from '../corpus/index.ts';
import { MEANING, WORDS } from '../corpus/index.ts';
import { compilePipeline, type SearchEnvironment } from '../search/index.ts';
import type { CollectionSettings, Store, Writer } from '../store/types.ts';
import { storedPipelines } from './pipelines.ts';

/** See {@link Collection.removeField}. The caller holds the write lock. @returns whether it was only being made. */
export async function removeField(
  writer: Writer,
  store: Store,
  settings: CollectionSettings,
  environment: SearchEnvironment & { readonly corpus: Corpus },
  name: string,
): Promise<{ readonly pending: boolean }> {
  const fields = (settings.fields ?? []).map((field) => field.name);
  const pending = await store.pendingField();
  const isPending = pending?.name === name && name !== MEANING;
  if (isPending) await (await store.buildField(pending)).abandon();
  if (!fields.includes(name)) {
    if (isPending) return { pending: true };
    throw noSuchField(name, fields);
  }
  const { named, standard } = storedPipelines(settings.options);
  const rest = withoutField(environment.corpus, name);
  const runs = (pipeline: string, corpus: Corpus): Promise<boolean> =>
    compilePipeline(pipeline, { ...environment, corpus }).then(
      () => true,
      () => false,
    );
  for (const one of [...Object.keys(named), ...(standard === undefined ? [] : [standard])]) {
    // What did not run before is not to blame.
    if ((await runs(one, rest)) || !(await runs(one, environment.corpus))) continue;
    const isStandard = !Object.hasOwn(named, one);
    throw new InvalidArgumentError(
      isStandard
        ? `The default pipeline searches the field "${name}".`
        : `The pipeline "${one}" searches the field "${name}".`,
      isStandard
        ? 'Choose another default first (`sagitta pipelines --no-default`).'
        : `Change it or take it away first (\`sagitta pipelines ${one} --remove\`).`,
    );
  }
  await writer.removeField(name);
  return { pending: false };
}

function noSuchField(name: string, fields: readonly string[]): InvalidArgumentError {
  if (name === MEANING || name === WORDS) {
    return new InvalidArgumentError(
      `The field "${name}" is not one that was added.`,
      name === MEANING ? 'Take the vectors away by `sagitta reencode --encoder none`.' : 'Every collection has it.',
    );
  }
  const guess = nearest(name, fields);
  return new InvalidArgumentError(
    `There is no field "${name}".`,
    guess === undefined ? `Fields that were added: ${fields.join(', ') || 'none'}.` : `Did you mean "${guess}"?`,
  );
}

/** The corpus as it will be. */
function withoutField(corpus: Corpus, name: string): Corpus {
  return Object.create(corpus, { fields: { value: corpus.fields.filter((field) => field.name !== name) } }) as Corpus;
}
