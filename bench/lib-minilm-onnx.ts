import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { partsOf } from '../src/encode/bert/folder.ts';
import { miniLmDescription } from '../src/encode/bert/minilm.ts';
import type { BertParts } from '../src/encode/bert/model.ts';
import { linearLayers, POSITIONS, TYPES, WORDS } from '../src/encode/bert/model.ts';
import * as t from '../src/tensor/index.ts';

/** Multiplies with the weights of a linear layer, without its bias. */
type Product = (graph: t.Graph, path: string, x: t.Tensor) => t.Tensor;

/**
 * Writes MiniLM as a folder that transformers.js opens, from the weights that our own encoder reads: `onnx/model.onnx` in float32, and
 * `onnx/model_quantized.onnx` as ONNX Runtime's `quantize_dynamic` would make it of that: weights int8 by column, activations in 8 bits with one scale
 * for a whole batch (DynamicQuantizeLinear, MatMulInteger), which ONNX Runtime fuses.
 */
export async function writeMiniLmOnnx(folder: string): Promise<void> {
  const description = miniLmDescription();
  const parts = await partsOf(description);
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  for (const name of ['config.json', 'tokenizer.json']) {
    cpSync(join(dirname(description.tokenizer), name), join(folder, name));
  }
  const tokenizer = {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: true,
    model_max_length: description.maxLength,
    ...{ pad_token: '[PAD]', unk_token: '[UNK]', cls_token: '[CLS]', sep_token: '[SEP]', mask_token: '[MASK]' },
  };
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizer));
  writeFileSync(join(folder, 'onnx/model.onnx'), exported(parts, floatProduct(parts)));
  writeFileSync(join(folder, 'onnx/model_quantized.onnx'), exported(parts, byteProduct(parts)));
}

/** BERT over padded batches: `last_hidden_state` from `input_ids`, `attention_mask` and `token_type_ids`. */
function exported({ shape, parameters }: BertParts, product: Product): Uint8Array {
  const { layers, heads, width, epsilon } = shape;
  const graph = new t.Graph();
  const input = (name: string) => graph.input(name, 'int64', ['batch', 'sequence']);
  const [ids, present, types] = [input('input_ids'), input('attention_mask'), input('token_type_ids')];
  const constant = (path: string) => {
    const { data, shape: extents } = parameters.get(path);
    return graph.constant(path, data, extents);
  };
  const linear = (x: t.Tensor, path: string) => t.add(product(graph, path, x), constant(`${path}/bias`));
  const norm = (x: t.Tensor, path: string) =>
    t.layerNorm(x, constant(`${path}/gain`), constant(`${path}/offset`), epsilon);
  const whole = (value: number) => t.constantOf(BigInt64Array.of(BigInt(value)));

  const extents = t.apply('Shape', [ids], [2], { type: 'int64' });
  const length = t.apply('Gather', [extents, whole(1)], [], { type: 'int64' });
  const positions = t.apply('Range', [whole(0), length, whole(1)], ['sequence'], { type: 'int64' });
  const rows = (path: string, at: t.Tensor) => t.apply('Gather', [constant(path), at], [...at.shape, width]);
  let x = norm(t.add(t.add(rows(WORDS, ids), rows(POSITIONS, positions)), rows(TYPES, types)), 'embeddings/norm');

  const mask = t.paddingMask(t.cast(present, 'float32'));
  const size = width / heads;
  for (let i = 0; i < layers; i++) {
    const at = `layer${i}`;
    const split = t.reshape(linear(x, `${at}/qkv`), ['batch', 'sequence', 3, heads, size]);
    const all = t.transpose(split, [2, 0, 3, 1, 4]);
    const [queries, keys, values] = [0, 1, 2].map((part) => t.select(all, part)) as [t.Tensor, t.Tensor, t.Tensor];
    const affinities = t.scale(t.matmul(queries, t.transpose(keys, [0, 1, 3, 2])), 1 / Math.sqrt(size));
    const mixed = t.transpose(t.matmul(t.softmax(t.add(affinities, mask)), values), [0, 2, 1, 3]);
    x = norm(t.add(x, linear(t.reshape(mixed, ['batch', 'sequence', width]), `${at}/attended`)), `${at}/norm1`);
    x = norm(t.add(x, linear(t.gelu(linear(x, `${at}/up`)), `${at}/down`)), `${at}/norm2`);
  }
  graph.output('last_hidden_state', x);
  return t.toOnnx(graph);
}

function floatProduct({ shape, parameters }: BertParts): Product {
  const layers = linearLayers(shape);
  return (graph, path, x) =>
    t.matmul(x, graph.constant(`${path}/weight`, parameters.get(`${path}/weight`).data, [...layers.get(path)!]));
}

function byteProduct({ shape, parameters }: BertParts): Product {
  const layers = linearLayers(shape);
  return (graph, path, x) => {
    const [from, to] = layers.get(path)!;
    const { values, scales } = t.quantizeColumns(parameters.get(`${path}/weight`).data, from, to);
    const [bytes, step, zero] = t.applyMany(
      'DynamicQuantizeLinear',
      [x],
      [
        { shape: x.shape, type: 'uint8' },
        { shape: [], type: 'float32' },
        { shape: [], type: 'uint8' },
      ],
      {},
    );
    const weight = graph.constant(`${path}/weight`, values, [from, to]);
    const zeros = t.constantOf(new Int8Array(to), [to]);
    const sums = t.apply('MatMulInteger', [bytes!, weight, zero!, zeros], [...x.shape.slice(0, -1), to], {
      type: 'int32',
    });
    return t.multiply(t.cast(sums, 'float32'), t.multiply(graph.constant(`${path}/scales`, scales), step!));
  };
}
