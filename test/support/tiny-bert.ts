import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Parameters } from 'sagitta-search/tensor';
import type { BertDescription } from '../../src/encode/bert/description.ts';
import { trainableBert } from '../../src/encode/bert/trainable.ts';

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** A tokenizer of BERT's kind that knows these words. */
function tokenizerOf(vocabulary: readonly string[]): string {
  const sides = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  return JSON.stringify({
    version: '1.0',
    added_tokens: SPECIAL.map((content, id) => ({ id, content, special: true, normalized: false, single_word: false })),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [sides('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, sides('[SEP]')],
    },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
    },
  });
}

/**
 * A BERT of two layers and 32 components with random weights, in the layout of sentence-transformers: enough to be trained in a second.
 * @param texts whose words it knows. @returns its description; `bert:FOLDER` opens it.
 */
export async function tinyBert(
  folder: string,
  texts: readonly string[],
  changes: Partial<BertDescription> = {},
): Promise<BertDescription> {
  const words = texts.flatMap((text) => text.toLowerCase().match(/\w+|[^\w\s]/g) ?? []);
  const vocabulary = [...SPECIAL, ...new Set(words)];
  const description: BertDescription = {
    name: 'tiny',
    folder,
    weights: join(folder, 'model.safetensors'),
    tokenizer: join(folder, 'tokenizer.json'),
    architecture: 'bert',
    shape: {
      layers: 2,
      heads: 4,
      width: 32,
      hidden: 64,
      vocabulary: vocabulary.length,
      positions: 64,
      types: 2,
      epsilon: 1e-12,
      activation: 'gelu',
    },
    pooling: 'mean',
    normalize: true,
    maxLength: 32,
    lowerCase: false,
    prompts: {},
    languages: ['en'],
    ...changes,
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(description.tokenizer, tokenizerOf(vocabulary));
  const parameters = new Parameters(1);
  const { width } = description.shape;
  const table = Float32Array.from({ length: vocabulary.length * width }, (_, i) => Math.sin(i * i + i / 7));
  parameters.set('embeddings/words', table, [vocabulary.length, width]);
  for (const [path, bytes] of await (await trainableBert(description, { parameters, seed: 1 })).save()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return description;
}
