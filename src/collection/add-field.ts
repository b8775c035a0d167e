import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { type FieldSource, MEANING, metadataSource, parseFieldSource, WORDS } from '../corpus/index.ts';
import { BUILT_IN, type Extensions, OPERATORS } from '../search/index.ts';
import { isFieldName } from '../store/local/manifest-types.ts';
import type { CollectionSettings, StoredCorpus, VectorFieldSettings } from '../store/types.ts';
import { type BuildContext, type BuildOptions, type BuildReport, buildField } from './building.ts';
import type { GivenEncoder } from './encoders.ts';
import { storedPipelines } from './pipelines.ts';

/** Options of {@link Collection.addField}. */
export interface AddFieldOptions extends BuildOptions {
  /**
   * What it is made of: `passage` (title, innermost heading and text), `text`, `title`, `headings` or `metadata.NAME`. A passage whose
   * document has nothing of it is not found by the field. Default `passage`.
   */
  readonly of?: FieldSource | (string & {});
  /** An encoder, or its specification. */
  readonly encoder: GivenEncoder | string;
  /**
   * One `vector` for each passage; `vectors`: one for each token (late interaction), a few hundred times the space; or `impacts`: what each term counts (learned sparse
   * retrieval). Default `vector`.
   */
  readonly kind?: VectorFieldSettings['kind'];
}

/** What {@link Collection.addField} did. */
export interface AddFieldReport extends BuildReport {
  readonly name: string;
}

const KINDS: readonly VectorFieldSettings['kind'][] = ['vector', 'vectors', 'impacts'];
const OPTIONS = ['of', 'encoder', 'kind', 'signal', 'onProgress', 'batch', 'keepAfterMs'];

/** See {@link Collection.addField}. @param corpus of now. */
export async function addField(
  context: BuildContext,
  corpus: StoredCorpus,
  extensions: Extensions,
  name: string,
  given: AddFieldOptions,
): Promise<AddFieldReport> {
  checkOptions(given);
  const { of = 'passage', encoder, kind = 'vector', ...options } = given;
  const source = parseFieldSource(of);
  const pending = await context.store.pendingField();
  // What was begun is gone on with, whatever has come since.
  if (pending?.name !== name) {
    checkName(name, corpus.settings, extensions);
    await checkSource(source, corpus);
  }
  const report = await buildField(context, { name, of: source, kind, encoder }, options, {
    check: (settings) => checkName(name, settings, extensions),
  });
  return { name, ...report! };
}

function checkOptions(given: AddFieldOptions): void {
  const unknown = Object.keys(given).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    const guess = nearest(unknown, OPTIONS);
    throw new InvalidArgumentError(
      `Adding a field has no option "${unknown}".`,
      guess === undefined ? `Known: ${OPTIONS.join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  const { encoder, kind = 'vector' } = given;
  if (!KINDS.includes(kind)) {
    const guess = nearest(String(kind), KINDS);
    throw new InvalidArgumentError(
      `There is no kind "${kind}" of fields that can be added.`,
      `${guess === undefined ? '' : `Did you mean "${guess}"? `}Give vector (one for each passage), vectors (one for each token) or impacts (of terms).`,
    );
  }
  if (encoder === undefined || encoder === 'none') {
    throw new InvalidArgumentError('A field needs an encoder.', 'Name one, such as minilm or static.');
  }
}

/** @throws InvalidArgumentError for a name that a field of this collection cannot have. */
export function checkName(name: string, settings: CollectionSettings, { operators = [] }: Extensions): void {
  const fail = (problem: string, remedy: string): never => {
    throw new InvalidArgumentError(problem, remedy);
  };
  if (!isFieldName(name)) {
    fail(
      `"${name}" is not a name of a field.`,
      'Use letters, digits, "-" and "_", a letter first, at most 64 characters.',
    );
  }
  if (name === MEANING) {
    fail(
      'Every collection keeps the name "meaning" for the vectors of its own encoder.',
      'Choose another name, or give the collection another encoder (`sagitta reencode --encoder NAME`).',
    );
  }
  if (name === WORDS) fail('Every collection has the field "words" already.', 'Choose another name.');
  if ((settings.fields ?? []).some((field) => field.name === name)) {
    fail(
      `There is a field "${name}" already.`,
      `Choose another name, or take that one away first (\`sagitta remove-field ${name}\`).`,
    );
  }
  if (OPERATORS.has(name) || operators.some((one) => one.name === name)) {
    fail(`"${name}" is an operator of pipelines.`, 'Choose another name.');
  }
  if (Object.hasOwn(BUILT_IN, name)) fail(`"${name}" is a pipeline that every collection has.`, 'Choose another name.');
  if (Object.hasOwn(storedPipelines(settings.options).named, name)) {
    fail(
      `A pipeline of this collection has the name "${name}".`,
      `Choose another name, or take the pipeline away first (\`sagitta pipelines ${name} --remove\`).`,
    );
  }
}

/** @throws InvalidArgumentError for metadata that no document has. In an empty collection they may come yet. */
async function checkSource(of: FieldSource, corpus: StoredCorpus): Promise<void> {
  const name = metadataSource(of);
  if (name === undefined || corpus.documentCount === 0) return;
  const known = new Set<string>();
  for await (const { record } of corpus.all()) {
    const { metadata } = record;
    if (Object.hasOwn(metadata, name)) return;
    for (const one of Object.keys(metadata)) known.add(one);
  }
  const guess = nearest(name, known);
  const names = [...known].slice(0, 20).join(', ');
  throw new InvalidArgumentError(
    `No document has the metadata field "${name}".`,
    guess === undefined
      ? names === ''
        ? 'Documents have no metadata at all; give passage, text, title or headings.'
        : `There are ${names}.`
      : `Did you mean "metadata.${guess}"?`,
  );
}
