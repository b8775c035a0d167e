import { Parameters } from '../../tensor/index.ts';
import type { BertDescription } from './description.ts';
import { type BertShape, linearLayers, POSITIONS, TYPES, WORDS } from './model.ts';
import type { Safetensors } from './safetensors.ts';

/** Where a parameter is kept: names of tensors, and whether they are matrices `[to, from]` that have to be turned round. */
interface Place {
  /** Of several, the columns of the first come first. */
  readonly tensors: readonly string[];
  readonly isTurned: boolean;
  readonly shape: readonly number[];
}

/** Where each parameter of a model lies in the weights of Hugging Face's BERT or DistilBERT. */
export function placesOf({ architecture, shape }: Pick<BertDescription, 'architecture' | 'shape'>): Map<string, Place> {
  const places = new Map<string, Place>();
  const plain = (name: string, tensor: string, extents: readonly number[]) =>
    places.set(name, { tensors: [tensor], isTurned: false, shape: extents });
  const norm = (name: string, tensor: string) => {
    plain(`${name}/gain`, `${tensor}.weight`, [shape.width]);
    plain(`${name}/offset`, `${tensor}.bias`, [shape.width]);
  };
  plain(WORDS, 'embeddings.word_embeddings.weight', [shape.vocabulary, shape.width]);
  plain(POSITIONS, 'embeddings.position_embeddings.weight', [shape.positions, shape.width]);
  if (shape.types > 0) plain(TYPES, 'embeddings.token_type_embeddings.weight', [shape.types, shape.width]);
  norm('embeddings/norm', 'embeddings.LayerNorm');
  const extents = linearLayers(shape);
  for (let layer = 0; layer < shape.layers; layer++) {
    const names = architecture === 'bert' ? bertLayer(layer) : distilbertLayer(layer);
    for (const part of ['qkv', 'attended', 'up', 'down'] as const) {
      const path = `layer${layer}/${part}`;
      const [from, to] = extents.get(path)!;
      places.set(`${path}/weight`, {
        tensors: names[part].map((t) => `${t}.weight`),
        isTurned: true,
        shape: [from, to],
      });
      places.set(`${path}/bias`, { tensors: names[part].map((t) => `${t}.bias`), isTurned: false, shape: [to] });
    }
    norm(`layer${layer}/norm1`, names.norm1);
    norm(`layer${layer}/norm2`, names.norm2);
  }
  return places;
}

function bertLayer(layer: number) {
  const at = `encoder.layer.${layer}`;
  return {
    qkv: ['query', 'key', 'value'].map((part) => `${at}.attention.self.${part}`),
    attended: [`${at}.attention.output.dense`],
    up: [`${at}.intermediate.dense`],
    down: [`${at}.output.dense`],
    norm1: `${at}.attention.output.LayerNorm`,
    norm2: `${at}.output.LayerNorm`,
  };
}

function distilbertLayer(layer: number) {
  const at = `transformer.layer.${layer}`;
  return {
    qkv: ['q', 'k', 'v'].map((part) => `${at}.attention.${part}_lin`),
    attended: [`${at}.attention.out_lin`],
    up: [`${at}.ffn.lin1`],
    down: [`${at}.ffn.lin2`],
    norm1: `${at}.sa_layer_norm`,
    norm2: `${at}.output_layer_norm`,
  };
}

/** What the names of a file's tensors begin with: nothing, or the name of the body inside a larger model. */
export function prefixOf(file: Safetensors): string {
  const tail = 'embeddings.word_embeddings.weight';
  return [...file.tensors.keys()].find((name) => name.endsWith(tail))?.slice(0, -tail.length) ?? '';
}

/**
 * The parameters of `bertStates`, from a file of weights.
 * @throws CorruptFileError, IncompatibleError naming the tensor that is missing, or that does not fit `config.json`.
 */
export function readBert(file: Safetensors, description: Pick<BertDescription, 'architecture' | 'shape'>): Parameters {
  const parameters = new Parameters();
  const prefix = prefixOf(file);
  for (const [name, { tensors, isTurned, shape }] of placesOf(description)) {
    const extents = shape.with(-1, shape.at(-1)! / tensors.length);
    const parts = tensors.map((tensor) => {
      const stored = isTurned ? [...extents].reverse() : extents;
      const values = file.read(nameIn(file, prefix + tensor), stored);
      return isTurned ? turned(values, stored[0]!, stored[1]!) : values;
    });
    parameters.set(name, parts.length === 1 ? parts[0]! : sideBySide(parts, extents.at(-1)!), shape);
  }
  return parameters;
}

/** Layer normalisation was called gamma and beta once. */
function nameIn(file: Safetensors, name: string): string {
  if (file.tensors.has(name)) return name;
  const older = name
    .replace(/(LayerNorm|layer_norm)\.weight$/, '$1.gamma')
    .replace(/(LayerNorm|layer_norm)\.bias$/, '$1.beta');
  return file.tensors.has(older) ? older : name;
}

/** The parameters as tensors of Hugging Face's BERT, for `writeSafetensors`. */
export function toTensors(
  parameters: Parameters,
  description: { readonly architecture: 'bert' | 'distilbert'; readonly shape: BertShape },
): Map<string, { readonly data: Float32Array; readonly shape: readonly number[] }> {
  const tensors = new Map<string, { data: Float32Array; shape: readonly number[] }>();
  for (const [name, { tensors: names, isTurned, shape }] of placesOf(description)) {
    const { data } = parameters.get(name);
    const columns = shape.at(-1)! / names.length;
    const rows = data.length / shape.at(-1)!;
    names.forEach((tensor, part) => {
      const own = new Float32Array(rows * columns);
      for (let row = 0; row < rows; row++) {
        const start = row * shape.at(-1)! + part * columns;
        own.set(data.subarray(start, start + columns), row * columns);
      }
      const extents = shape.with(-1, columns);
      tensors.set(
        tensor,
        isTurned ? { data: turned(own, rows, columns), shape: [...extents].reverse() } : { data: own, shape: extents },
      );
    });
  }
  return tensors;
}

/** The transpose, by blocks that fit the cache. */
function turned(data: Float32Array, rows: number, columns: number): Float32Array {
  const block = 32;
  const result = new Float32Array(data.length);
  for (let top = 0; top < rows; top += block) {
    for (let left = 0; left < columns; left += block) {
      const [bottom, right] = [Math.min(top + block, rows), Math.min(left + block, columns)];
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) result[column * rows + row] = data[row * columns + column]!;
      }
    }
  }
  return result;
}

/** Matrices (or vectors) of equally many rows beside each other. */
function sideBySide(parts: readonly Float32Array[], columns: number): Float32Array {
  const rows = parts[0]!.length / columns;
  const result = new Float32Array(parts.length * parts[0]!.length);
  parts.forEach((part, i) => {
    for (let row = 0; row < rows; row++) {
      result.set(part.subarray(row * columns, (row + 1) * columns), (row * parts.length + i) * columns);
    }
  });
  return result;
}
