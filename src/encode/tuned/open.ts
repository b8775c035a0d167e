import { join } from 'node:path';
import { CorruptFileError } from '../../base/errors.ts';
import { denseShareOf } from '../dense-share.ts';
import type { Encoder } from '../encoder.ts';
import { DESCRIPTION, REMEDY, readTunedDescription, savedIn } from './description.ts';
import { formNamed } from './forms.ts';

/** Opens an encoder by its specification; given so that this file need not import the registry, which imports it. */
type OpenBase = (spec: string) => Promise<Encoder>;

/**
 * Opens the trained encoder in a folder. @param id what it will call itself.
 * @throws CorruptFileError where its files, or what it was trained from, give other vectors than it says.
 */
export async function openTuned(folder: string, id: string, openBase: OpenBase): Promise<Encoder> {
  const description = await readTunedDescription(folder);
  const { base, form: name, denseShare = denseShareOf({ id: base }) } = description;
  let opened: Promise<Encoder> | undefined;
  const baseOf = () => {
    opened ??= openBase(base);
    return opened;
  };
  try {
    const form = await formNamed(name, folder);
    const encoder = await form.open(savedIn(folder, description), id, baseOf);
    const documents = description.of === 'queries' ? await baseOf() : undefined;
    const other = [encoder, documents].find((one) => one !== undefined && one.dim !== description.dim);
    if (other !== undefined) {
      await encoder.dispose?.();
      throw new CorruptFileError(
        join(folder, DESCRIPTION),
        `it says ${description.dim} components, but ${other === encoder ? 'its files give' : `"${base}" gives`} ${other.dim}`,
        REMEDY,
      );
    }
    const dispose = encoder.dispose?.bind(encoder);
    return Object.assign(documents === undefined ? encoder : bySide(encoder, documents), {
      denseShare,
      async dispose() {
        await dispose?.();
        await (await opened)?.dispose?.();
      },
    });
  } catch (error) {
    await opened?.then((encoder) => encoder.dispose?.()).catch(() => undefined);
    throw error;
  }
}

/** Queries by one encoder, documents by another. */
function bySide(queries: Encoder, documents: Encoder): Encoder {
  const { id, dim, languages } = queries;
  const { window } = documents;
  return {
    id,
    dim,
    ...(languages === undefined ? {} : { languages }),
    ...(window === undefined ? {} : { window }),
    encode: (inputs, options = {}) => (options.role === 'query' ? queries : documents).encode(inputs, options),
  };
}
