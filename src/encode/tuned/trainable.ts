import { InvalidArgumentError } from '../../base/errors.ts';
import type { StartOptions, Trainable } from '../trainable.ts';
import { readTunedDescription, savedIn, versionFolder } from './description.ts';
import { formNamed, formOfSpec } from './forms.ts';

/** How {@link openTrainable} opens it. */
export interface OpenTrainableOptions extends StartOptions {
  /** Folder of trained encoders among which `tuned:VERSION` is looked for. */
  readonly versions: string;
}

/**
 * The weights of an encoder, to be trained further. What it has beside its weights is trained on.
 * @throws InvalidArgumentError for an encoder whose weights are not at hand (`http:`, `hf:`, adapters).
 */
export async function openTrainable(spec: string, { versions, ...options }: OpenTrainableOptions): Promise<Trainable> {
  const [, name] = /^tuned:(.*)$/s.exec(spec) ?? [];
  if (name !== undefined) {
    const folder = folderOf(name, versions);
    const description = await readTunedDescription(folder);
    const form = await formNamed(description.form, folder);
    // A copy of the queries' side only has the documents of another encoder.
    if (form.resume !== undefined && description.of === undefined) {
      return form.resume(savedIn(folder, description), options);
    }
  }
  const { form, rest } = (await formOfSpec(spec)) ?? {};
  if (form?.start !== undefined) return form.start(spec, rest!, options);
  throw new InvalidArgumentError(
    `The weights of the encoder "${spec}" cannot be trained here.`,
    'Use --what adapter, which learns a correction of its vectors.',
  );
}

/** Name of the form that an encoder is of, or would start to be trained in; undefined where there is none. */
export async function formOf(spec: string, versions: string): Promise<string | undefined> {
  const [, name] = /^tuned:(.*)$/s.exec(spec) ?? [];
  if (name !== undefined) return (await readTunedDescription(folderOf(name, versions))).form;
  return (await formOfSpec(spec))?.form.name;
}

function folderOf(name: string, versions: string): string {
  return /[/\\]/.test(name) ? name : versionFolder(versions, name);
}
