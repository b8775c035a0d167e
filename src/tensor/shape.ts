import { InvalidArgumentError } from '../base/errors.ts';

/** Extent of one axis: a number, or the name of one that is known only when the graph runs. Equal names, equal extents. */
export type Dim = number | string;
export type Shape = readonly Dim[];
/** A shape of which some extents are those of the value at hand. */
export type PartialShape = readonly (Dim | null)[];

/** `[tokens, 512]`, as it appears in error messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** A mistake in a graph: names the operation and the shapes it was given. */
export function shapeError(operation: string, shapes: readonly Shape[], problem: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${operation}(${shapes.map(formatShape).join(', ')}): ${problem}.`,
    'Mend the shapes where the graph is built.',
  );
}

/** Shape of an elementwise operation: axes are aligned at the end, and an extent of 1 stretches to any other. */
export function broadcast(operation: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw shapeError(operation, [a, b], `axis ${i} is ${left} on one side and ${right} on the other`);
  });
}

/** Product of extents: a number if all are, otherwise a name such as `256*length*texts`, with factors in order. */
export function product(dims: Shape): Dim {
  const factors = dims.flatMap((dim) => String(dim).split('*'));
  const size = factors.filter(isDigits).reduce((total, factor) => total * Number(factor), 1);
  const names = factors.filter((factor) => !isDigits(factor)).sort();
  if (names.length === 0) return size;
  return [...(size === 1 ? [] : [size]), ...names].join('*');
}

function isDigits(text: string): boolean {
  return /^\d+$/.test(text);
}

/** The axis counted from the front; negative ones count from the end. */
export function axisOf(operation: string, shape: Shape, axis: number): number {
  const positive = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= shape.length) {
    throw shapeError(operation, [shape], `there is no axis ${axis}`);
  }
  return positive;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
