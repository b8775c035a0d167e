/**
 * Places points in the plane so that neighbours stay together: the nearest neighbours of each point attract it, random
 * others repel it, by stochastic gradient descent on UMAP's cross-entropy (McInnes, Healy and Melville 2018, with
 * min_dist 0.1: a 1.577, b 0.895). Deterministic: starts from the first two principal components.
 */
export class Layout {
  readonly count: number;
  /** x and y of each point, one after the other. */
  readonly positions: Float32Array;
  readonly #neighbours: Int32Array;
  readonly #k: number;
  #epoch = 0;
  #seed = 12345;

  /** @param vectors `count * dim` components, row by row. @param epochs rounds in all. */
  constructor(
    vectors: Float32Array,
    dim: number,
    readonly epochs = 240,
  ) {
    this.count = Math.floor(vectors.length / dim);
    this.positions = start(vectors, dim, this.count);
    this.#k = Math.max(1, Math.min(12, this.count - 1));
    this.#neighbours = this.count < 2 ? new Int32Array(0) : nearest(vectors, dim, this.count, this.#k);
  }

  get done(): boolean {
    return this.count < 2 || this.#epoch >= this.epochs;
  }

  /** One round over all points. */
  step(): void {
    const { count } = this;
    const rate = 1 - this.#epoch / this.epochs;
    this.#epoch++;
    for (let i = 0; i < count; i++) {
      for (let n = 0; n < this.#k; n++) {
        const j = this.#neighbours[i * this.#k + n]!;
        this.#pull(i, j, rate);
        for (let r = 0; r < 4; r++) this.#push(i, this.#random() % count, rate);
      }
    }
  }

  #pull(i: number, j: number, rate: number): void {
    const p = this.positions;
    const dx = p[2 * i]! - p[2 * j]!;
    const dy = p[2 * i + 1]! - p[2 * j + 1]!;
    const square = dx * dx + dy * dy;
    if (square === 0) return;
    const strength = (-2 * A * B * square ** (B - 1)) / (1 + A * square ** B);
    const x = clip(strength * dx) * rate;
    const y = clip(strength * dy) * rate;
    p[2 * i]! += x;
    p[2 * i + 1]! += y;
    p[2 * j]! -= x;
    p[2 * j + 1]! -= y;
  }

  #push(i: number, j: number, rate: number): void {
    if (i === j) return;
    const p = this.positions;
    const dx = p[2 * i]! - p[2 * j]!;
    const dy = p[2 * i + 1]! - p[2 * j + 1]!;
    const square = dx * dx + dy * dy;
    const strength = (2 * B) / ((0.001 + square) * (1 + A * square ** B));
    p[2 * i]! += (square > 0 ? clip(strength * dx) : 4) * rate;
    p[2 * i + 1]! += (square > 0 ? clip(strength * dy) : 4) * rate;
  }

  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed >>> 3;
  }
}

const A = 1.577;
const B = 0.895;

function clip(value: number): number {
  return value > 4 ? 4 : value < -4 ? -4 : value;
}

/** The first two components, scaled into a square of 20. */
function start(vectors: Float32Array, dim: number, count: number): Float32Array {
  const positions = new Float32Array(2 * count);
  let most = 1e-9;
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 2; axis++) {
      const value = axis < dim ? vectors[i * dim + axis]! : 0;
      positions[2 * i + axis] = value;
      most = Math.max(most, Math.abs(value));
    }
  }
  // A little apart, or equal points would never leave each other.
  for (let i = 0; i < positions.length; i++) positions[i] = (positions[i]! / most) * 10 + Math.sin(i * 12.9898) * 1e-3;
  return positions;
}

/** The `k` nearest of each point, by comparing all pairs: a few thousand points take less than a second. */
function nearest(vectors: Float32Array, dim: number, count: number, k: number): Int32Array {
  const neighbours = new Int32Array(count * k).fill(-1);
  const distances = new Float32Array(count * k).fill(Number.POSITIVE_INFINITY);
  const offer = (i: number, j: number, distance: number): void => {
    let at = i * k + k - 1;
    if (distance >= distances[at]!) return;
    while (at > i * k && distances[at - 1]! > distance) {
      distances[at] = distances[at - 1]!;
      neighbours[at] = neighbours[at - 1]!;
      at--;
    }
    distances[at] = distance;
    neighbours[at] = j;
  };
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      let distance = 0;
      for (let d = 0, a = i * dim, b = j * dim; d < dim; d++, a++, b++) {
        const difference = vectors[a]! - vectors[b]!;
        distance += difference * difference;
      }
      offer(i, j, distance);
      offer(j, i, distance);
    }
  }
  return neighbours;
}
