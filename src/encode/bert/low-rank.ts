import { type Parameters, type Scope, withLora } from '../../tensor/index.ts';
import type { EncoderTuning } from '../tuning.ts';
import { type BertShape, linearLayers } from './model.ts';

type Lora = EncoderTuning['lora'];

/** A scope in which the linear layers of a BERT have low-rank updates, where such are asked for: parameters `NAME_a` and `NAME_b` beside each weight. */
export function updated(scope: Scope, lora: Lora): Scope {
  return lora === undefined ? scope : withLora(scope, { ...lora, match: /^layer\d+\/\w+\/weight$/ });
}

/** A copy of weights with the low-rank updates in them. @param updates arrays `NAME_a` and `NAME_b` for each weight. */
export function withUpdates(weights: Parameters, updates: Parameters, shape: BertShape, lora: Lora): Parameters {
  const result = weights.clone();
  if (lora === undefined) return result;
  for (const [path, [from, to]] of linearLayers(shape)) {
    const name = `${path}/weight`;
    addProduct(result.get(name).data, updates.get(`${name}_a`).data, updates.get(`${name}_b`).data, {
      from,
      to,
      factor: lora.alpha / lora.rank,
    });
  }
  return result;
}

/** `target += factor * A B`. */
function addProduct(
  target: Float32Array,
  a: Float32Array,
  b: Float32Array,
  { from, to, factor }: { readonly from: number; readonly to: number; readonly factor: number },
): void {
  const rank = a.length / from;
  for (let row = 0; row < from; row++) {
    for (let inner = 0; inner < rank; inner++) {
      const scale = factor * a[row * rank + inner]!;
      for (let column = 0; column < to; column++) target[row * to + column]! += scale * b[inner * to + column]!;
    }
  }
}
