import { readParameters } from '../../tensor/index.ts';
import { bertFolder } from '../bert/folder.ts';
import { denseShareOf } from '../dense-share.ts';
import type { EncodeOptions, Encoder } from '../encoder.ts';
import { nativeRuntime } from '../runtime.ts';
import { staticEncoder } from '../static/static.ts';
import { readTable } from '../static/table.ts';
import { type UseLiteOptions, useLite } from '../use-lite/use-lite.ts';
import { adapt } from './adapter.ts';
import { readTuned, readTunedDescription } from './description.ts';

/** Opens an encoder by its specification; given so that this file need not import the registry, which imports it. */
type OpenBase = (spec: string) => Promise<Encoder>;

/** Opens the trained encoder in a folder. @param id what it will call itself. */
export async function openTuned(folder: string, id: string, openBase: OpenBase): Promise<Encoder> {
  const { base, denseShare = denseShareOf({ id: base }) } = await readTunedDescription(folder);
  return Object.assign(await openForm(folder, id, openBase), { denseShare });
}

async function openForm(folder: string, id: string, openBase: OpenBase): Promise<Encoder> {
  const { form, base, tuning: modules } = await readTunedDescription(folder);
  if (form === 'bert' || form === 'bert-query') {
    const encoder = await bertFolder(folder, { id, ...(modules?.side === undefined ? {} : { side: modules.side }) });
    return form === 'bert' ? encoder : bySide(id, encoder, await openBase(base));
  }
  const { description, model } = await readTuned(folder);
  if (form === 'static') return staticEncoder(id, readTable(model, folder));
  const { dim, tuning, languages } = description;
  if (form === 'use-lite' || form === 'use-lite-query') {
    const tuned: UseLiteOptions['tuned'] = {
      id,
      parameters: readParameters(model, folder),
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
    ...(inner.window === undefined ? {} : { window: inner.window }),
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
  const { window } = documents;
  return {
    id,
    dim: queries.dim,
    ...(languages === undefined ? {} : { languages }),
    ...(window === undefined ? {} : { window }),
    encode: (inputs, options = {}) => (options.role === 'query' ? queries : documents).encode(inputs, options),
    async dispose() {
      await queries.dispose?.();
      await documents.dispose?.();
    },
  };
}
