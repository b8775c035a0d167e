import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import { describedFiles, readDescription } from './description.ts';
import { miniLmDescription } from './minilm.ts';
import { poolingFiles, writeTinyBert } from './testing.ts';

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bert-description-'));
});
afterAll(() => rm(root, { recursive: true }));

async function described(
  config: Readonly<Record<string, unknown>> = {},
  files: Readonly<Record<string, unknown>> = {},
  architecture: 'bert' | 'distilbert' = 'bert',
) {
  const folder = join(root, `model${count++}`);
  await mkdir(folder);
  await writeTinyBert(folder, { config, architecture }, files);
  return readDescription(folder);
}

const card = (front: string) => ({ 'README.md': new TextEncoder().encode(`---\n${front}\n---\ntext`) });

describe('readDescription', () => {
  it('takes a bare BERT for one with mean pooling, normalised, that reads all its positions', async () => {
    expect(await described()).toMatchObject({
      architecture: 'bert',
      shape: {
        layers: 2,
        heads: 4,
        width: 32,
        hidden: 48,
        vocabulary: 18,
        positions: 12,
        types: 2,
        epsilon: 1e-6,
        activation: 'gelu',
      },
      pooling: 'mean',
      normalize: true,
      maxLength: 12,
      lowerCase: false,
      prompts: { query: '', document: '' },
    });
    expect((await described({}, {}, 'distilbert')).shape).toMatchObject({ types: 0, hidden: 48, epsilon: 1e-12 });
    expect((await described({ activation: 'relu' }, {}, 'distilbert')).shape.activation).toBe('relu');
  });

  it('reads how texts are pooled, scaled, cut, lowered and introduced', async () => {
    const settings = 'config_sentence_transformers.json';
    const dot = { [settings]: { similarity_fn_name: 'dot' } };
    expect(await described({}, { ...poolingFiles('pooling_mode_cls_token'), ...dot })).toMatchObject({
      pooling: 'cls',
      normalize: false,
    });
    expect(await described({}, { ...poolingFiles('pooling_mode_lasttoken', 'Normalize'), ...dot })).toMatchObject({
      pooling: 'last',
      normalize: true,
    });
    const cut = async (content: unknown) => (await described({}, { 'sentence_bert_config.json': content })).maxLength;
    expect(await cut({ max_seq_length: 8 })).toBe(8);
    expect(await cut({ max_seq_length: 512 })).toBe(12);
    expect(await cut({ max_seq_length: null })).toBe(12);
    const prompts = async (content: unknown) => (await described({}, { [settings]: content })).prompts;
    expect(await prompts({ prompts: { query: 'q: ', document: 'd: ' } })).toEqual({ query: 'q: ', document: 'd: ' });
    expect(await prompts({ prompts: { query: 'q: ', passage: 'p: ' } })).toEqual({ query: 'q: ', document: 'p: ' });
    expect(await prompts({ prompts: { all: 'a: ' }, default_prompt_name: 'all' })).toEqual({
      query: 'a: ',
      document: 'a: ',
    });
    expect(await prompts({ prompts: { query: 7 } })).toEqual({ query: '', document: '' });
  });

  it("reads languages from the model's card, where it names them by their codes", async () => {
    const of = async (front: string) => (await described({}, card(front))).languages;
    expect(await of('language: en')).toEqual(['en']);
    expect(await of('license: mit\nlanguage:\n- en\n- fr\ntags:\n- xx')).toEqual(['en', 'fr']);
    expect(await of('language: multilingual')).toBeUndefined();
    expect(await of('license: mit')).toBeUndefined();
  });

  it('is what describedFiles wrote', async () => {
    for (const changes of [
      {},
      { pooling: 'cls', normalize: false, lowerCase: true, prompts: { query: 'q: ' } },
    ] as const) {
      const folder = join(root, `described${count++}`);
      const { languages: _, ...description } = { ...miniLmDescription(), ...changes };
      const files = [...describedFiles(description), ['model.safetensors', ''], ['tokenizer.json', '']] as const;
      for (const [path, content] of files) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), content);
      }
      const { pooling, normalize, lowerCase, shape, maxLength, architecture } = description;
      const read = await readDescription(folder);
      expect(read).toMatchObject({ pooling, normalize, lowerCase, shape, maxLength, architecture });
      expect(read.prompts.query).toBe('prompts' in changes ? changes.prompts.query : '');
    }
  });

  it('names the file and the setting that it does not support', async () => {
    const cases: [Record<string, unknown>, Record<string, unknown>, string][] = [
      [{ model_type: 'roberta' }, {}, 'config.json: model_type is "roberta"'],
      [{ model_type: undefined }, {}, 'config.json: model_type is missing'],
      [{ hidden_act: 'silu' }, {}, 'config.json: hidden_act is "silu"'],
      [{ hidden_act: 'constructor' }, {}, 'config.json: hidden_act is "constructor"'],
      [{ position_embedding_type: 'relative_key' }, {}, 'config.json: position_embedding_type is "relative_key"'],
      [{ is_decoder: true }, {}, 'config.json: is_decoder is true'],
      [
        {},
        poolingFiles('pooling_mode_weightedmean_tokens'),
        '1_Pooling/config.json: pooling_mode_* is "pooling_mode_we',
      ],
      [
        {},
        {
          ...poolingFiles('pooling_mode_mean_tokens'),
          '1_Pooling/config.json': { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true },
        },
        '1_Pooling/config.json: pooling_mode_* is "pooling_mode_mean_tokens and pooling_mode_cls_token"',
      ],
      [
        {},
        { ...poolingFiles('pooling_mode_mean_tokens'), '1_Pooling/config.json': {} },
        '1_Pooling/config.json: pooling_mode_* is "none"',
      ],
      [
        {},
        {
          ...poolingFiles('x'),
          '1_Pooling/config.json': { pooling_mode_mean_tokens: true, include_prompt: false },
        },
        '1_Pooling/config.json: include_prompt is false',
      ],
      [
        {},
        poolingFiles('pooling_mode_mean_tokens', 'Dense'),
        'modules.json: type is "sentence_transformers.models.Dense"',
      ],
      [
        {},
        { 'config_sentence_transformers.json': { similarity_fn_name: 'euclidean' } },
        'config_sentence_transformers.json: similarity_fn_name is "euclidean"',
      ],
    ];
    for (const [config, files, message] of cases) {
      const read = described(config, files);
      await expect(read, message).rejects.toThrow(IncompatibleError);
      await expect(read).rejects.toThrow(message);
      await expect(read).rejects.toThrow(
        /, which is not supported\. Use a model with one of: [^\n]+ hf:FOLDER[^\n]+\.$/,
      );
    }
  });

  it('says what is broken or missing', async () => {
    const cases: [
      Record<string, unknown>,
      Record<string, unknown>,
      typeof NotFoundError | typeof CorruptFileError,
      string,
    ][] = [
      [{}, { 'config.json': undefined }, NotFoundError, 'config.json. Give the folder'],
      [{}, { 'config.json': new Uint8Array(3) }, CorruptFileError, 'config.json: it is not JSON'],
      [{}, { 'config.json': 7 }, CorruptFileError, 'config.json: it is not a JSON object'],
      [{}, { 'config.json': [] }, CorruptFileError, 'config.json: it is not a JSON object'],
      [{ hidden_size: undefined }, {}, CorruptFileError, 'config.json: hidden_size is missing, not a whole'],
      [{ hidden_size: '32' }, {}, CorruptFileError, 'config.json: hidden_size is "32", not a whole number'],
      [{ num_hidden_layers: -2 }, {}, CorruptFileError, 'config.json: num_hidden_layers is -2'],
      [{ vocab_size: 1e12 }, {}, CorruptFileError, 'config.json: vocab_size is 1000000000000'],
      [{ num_attention_heads: 5 }, {}, CorruptFileError, 'config.json: hidden_size 32 does not divide into 5 heads'],
      [{}, { 'modules.json': new Uint8Array(3) }, CorruptFileError, 'modules.json: it is not JSON'],
      [{}, { 'modules.json': { type: 'x' } }, CorruptFileError, 'modules.json: it is not a list of modules'],
      [{}, { 'modules.json': [7] }, CorruptFileError, 'modules.json: it is not a list of modules'],
      [{}, { 'modules.json': [{ type: 'Pooling', path: 3 }] }, CorruptFileError, 'modules.json: it is not a list of'],
      [{}, { 'modules.json': poolingFiles('x')['modules.json'] }, NotFoundError, 'There is no file '],
      [
        {},
        { 'config_sentence_transformers.json': { prompts: null } },
        CorruptFileError,
        'prompts is null, not an object',
      ],
      [
        {},
        { 'sentence_bert_config.json': 'x' },
        CorruptFileError,
        'sentence_bert_config.json: it is not a JSON object',
      ],
    ];
    for (const [config, files, kind, message] of cases) {
      const read = described(config, files);
      await expect(read, message).rejects.toThrow(kind);
      await expect(read).rejects.toThrow(message);
      await expect(read).rejects.toThrow(/^[^\n]+\.$/);
    }
    await expect(readDescription(join(root, 'absent'))).rejects.toThrow(
      /There is no folder .*absent\. Give the folder/,
    );
  });
});
