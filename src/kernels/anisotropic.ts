import type { Address } from './address.ts';

/** Score-aware assignment of product-quantizer codes: coordinate descent, one sub-quantizer after the other. */
export interface AnisotropicKernels {
  /**
   * Improves the codes of one vector (one byte each, `m` of them) so as to lower `|e|^2 + weight * (e . u)^2`, where `e` is the
   * target minus its reconstruction and `u` a direction. Never raises the loss, but for rounding. Returns how often a code
   * changed.
   *
   * @param inner `m * k` inner products of centroids with the target's parts. @param along the same with the direction's
   * parts. @param squares `m * k` squared norms of centroids. @param products `m` inner products of the target's parts with
   * the direction's ({@link dotParts}). @param weight 0 or more: `(eta - 1) / |u|^2`. @param k a multiple of 4.
   * @param passes at most this many rounds; it ends early when nothing changes.
   */
  descendCodes(
    codes: Address,
    m: number,
    k: number,
    inner: Address,
    along: Address,
    squares: Address,
    products: Address,
    weight: number,
    passes: number,
  ): number;

  /** `out[j] = a[starts[j] .. starts[j + 1]] . b[the same]`, for `m` parts; `starts` are `m + 1` uint32. */
  dotParts(a: Address, b: Address, starts: Address, m: number, out: Address): void;
}
