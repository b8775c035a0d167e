import { resolve } from 'node:path';
import { IncompatibleError } from '../../base/errors.ts';
import { readDescription } from '../bert/description.ts';
import { partsOf, sourceOf } from '../bert/folder.ts';
import { headOf } from '../bert/relevance-head.ts';
import { stampOf } from '../cache.ts';
import { type CrossEncoder, type CrossOptions, crossEncoder } from './cross.ts';

/**
 * A cross-encoder in a folder, as sentence-transformers and Hugging Face's `BertForSequenceClassification` with one label save it: `config.json`, `tokenizer.json`,
 * `model.safetensors` with `pooler.dense` and `classifier` (such as cross-encoder/ms-marco-MiniLM-L6-v2). Scores are the label's logit.
 *
 * @param id default `cross:FOLDER`.
 * @throws NotFoundError, CorruptFileError, IncompatibleError for what is missing, broken or not supported: also for a model that has no such head.
 */
export async function crossFolder(
  folder: string,
  options: CrossOptions & { readonly id?: string } = {},
): Promise<CrossEncoder> {
  const description = await readDescription(resolve(folder));
  const head = headOf(description);
  if (head.size < 4) {
    throw new IncompatibleError(
      `${description.weights} has no head that gives one score for a pair (pooler.dense and classifier).`,
      'Name a cross-encoder with one label, such as cross-encoder/ms-marco-MiniLM-L6-v2; an encoder is named by bert:FOLDER.',
    );
  }
  const id = options.id ?? `cross:${description.folder}`;
  const source = sourceOf(id, description, () => stampOf(description.weights));
  return crossEncoder(
    {
      ...source,
      parts: async () => {
        const parts = await partsOf(description);
        for (const [name, { data, shape }] of head) parts.parameters.set(name, data, shape);
        return { ...parts, judgesPairs: true };
      },
    },
    options,
  );
}
