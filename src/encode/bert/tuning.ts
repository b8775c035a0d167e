/** What is trained of a BERT; nothing named: all its weights. */
export interface BertTuning {
  /**
   * Low-rank updates of the weight matrices (Hu et al. 2021, LoRA, arXiv 2106.09685). They become part of the weights when the encoder is saved.
   */
  readonly lora?: { readonly rank: number; readonly alpha: number };
  /** Adapters after attention and after each block, joined by a side path: see `connectedAdapters`. */
  readonly side?: { readonly rank: number };
}

/** Where a saved encoder keeps its side path, beside the weights. */
export const SIDE_FILE = 'side.safetensors';
