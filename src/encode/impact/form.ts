import { readFile } from 'node:fs/promises';
import { CorruptFileError, NotFoundError } from '../../base/errors.ts';
import type { Encoder, TokenEncoder } from '../encoder.ts';
import type { EncoderForm } from '../trainable.ts';
import { type ImpactHead, readImpactHead } from './head.ts';
import { impactEncoder } from './impact.ts';

/** File of the head in the folder of a trained encoder. */
export const HEAD = 'impact.bin';

/** What `sagitta tune --what impact` saves: the head alone. */
export const form: EncoderForm = {
  name: 'impact',
  async open(saved, id, base) {
    const bytes = (await saved.files()).get(HEAD);
    if (bytes === undefined)
      throw new CorruptFileError(saved.folder, `it has no ${HEAD}`, 'Restore the folder, or train again.');
    const head = readImpactHead(bytes, `${saved.folder}/${HEAD}`);
    // The caller disposes of the base.
    const { dispose: _, ...encoder } = impactEncoder(id, (await base()) as Encoder & TokenEncoder, head);
    return encoder;
  },
};

/** A head that `writeImpactHead` wrote. @throws NotFoundError, CorruptFileError, IncompatibleError */
export async function readImpactHeadFile(path: string): Promise<ImpactHead> {
  const bytes = await readFile(path).catch((cause) => {
    throw new NotFoundError(`${path} cannot be read.`, 'Name the file of a head that weighs words.', { cause });
  });
  return readImpactHead(bytes, path);
}
