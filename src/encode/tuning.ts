import type { ParameterGroup } from '../tensor/index.ts';

/** Modules that are trained beside an encoder's weights, which then stay as they are; nothing named: all its weights. */
export interface EncoderTuning {
  /**
   * Low-rank updates of the weight matrices (Hu et al. 2021, LoRA, arXiv 2106.09685): `W + alpha / rank * A B`, with `A` random and `B` 0 at
   * the start. A BERT that is saved has them in its weights.
   */
  readonly lora?: { readonly rank: number; readonly alpha: number };
  /** Adapters after each part, joined by a side path that bypasses the layers between them: see `connectedAdapters`. */
  readonly side?: { readonly rank: number };
}

/** Keeps parameters of these names as they are. By name: what an objective adds is not the encoder's to freeze. */
export function frozen(names: readonly string[]): ParameterGroup {
  const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return { match: new RegExp(`^(${escaped.join('|')})$`), frozen: true };
}
