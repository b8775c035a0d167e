import { readParameters } from '../../tensor/index.ts';
import type { EncodeOptions, Encoder } from '../encoder.ts';
import { nativeRuntime } from '../runtime.ts';
import { staticEncoder } from '../static/static.ts';
import { type UseLiteOptions, useLite } from '../use-lite/use-lite.ts';
import { adapt } from './adapter.ts';
import { readTuned, type TunedFiles } from './description.ts';

/** Opens an encoder by its specification; given so that this file need not import the registry, which imports it. */
type OpenBase = (spec: string) => Promise<Encoder>;

/** Opens the trained encoder in a folder. @param id what it will call itself. */
export async function openTuned(folder: string, id: string, openBase: OpenBase): Promise<Encoder> {
  return serveTuned(await readTuned(folder), id, openBase, folder);
}

/** The encoder of a description and its model. @param file for error messages. */
export async function serveTuned(
  { description, model }: TunedFiles,
  id: string,
  openBase: OpenBase,
  file: string,
): Promise<Encoder> {
  const { form, base, dim, tuning, languages } = description;
  if (form === 'static') return staticEncoder(id, readParameters(model, file));
  if (form === 'use-lite' || form === 'use-lite-query') {
    const tuned: UseLiteOptions['tuned'] = {
      id,
      parameters: readParameters(model, file),
      ...(tuning === undefined ? {} : { tuning }),
    };
    const encoder = useLite({ tuned });
    return form === 'use-lite' ? encoder : bySide(id, encoder, await openBase(base));
  }
  const inner = await openBase(base);
  const session = await (await nativeRuntime()).createSession(model);
  return {
    id,
    dim,
    ...(languages === undefined ? {} : { languages }),
    async encode(inputs, options: EncodeOptions = {}) {
      const vectors = await inner.encode(inputs, options);
      return options.role === 'query' ? adapt(session, vectors) : vectors;
    },
    async dispose() {
      await session.dispose();
      await inner.dispose?.();
    },
  };
}

/** Queries by one encoder, documents by another. */
function bySide(id: string, queries: Encoder, documents: Encoder): Encoder {
  const { languages } = queries;
  return {
    id,
    dim: queries.dim,
    ...(languages === undefined ? {} : { languages }),
    encode: (inputs, options = {}) => (options.role === 'query' ? queries : documents).encode(inputs, options),
    async dispose() {
      await queries.dispose?.();
      await documents.dispose?.();
    },
  };
}
