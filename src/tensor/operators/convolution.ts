import { apply, type Tensor } from '../graph.ts';
import { type Shape, shapeError } from '../shape.ts';
import { sum } from './basics.ts';
import { slice } from './indexing.ts';
import { transpose } from './matrix.ts';

/** Options of {@link convolve}; one number per spatial axis, or one for all. */
export interface ConvolutionOptions {
  /** Steps between windows. Default 1. */
  readonly stride?: number;
  /** Zeros on both sides of every spatial axis. Default 0. */
  readonly padding?: number;
}

/**
 * Convolution in one or two dimensions (a cross-correlation, as everywhere in the field).
 * @param x `[batch, channels, length]` or `[batch, channels, height, width]`, extents but the batch known.
 * @param kernel `[filters, channels, size]` or `[filters, channels, height, width]`. @param bias `[filters]`.
 * Result `[batch, filters, ...]` with `floor((extent + 2 padding - size) / stride) + 1` per spatial axis.
 */
export function convolve(x: Tensor, kernel: Tensor, bias?: Tensor, options: ConvolutionOptions = {}): Tensor {
  const { stride = 1, padding = 0 } = options;
  const shapes = [x.shape, kernel.shape, ...(bias === undefined ? [] : [bias.shape])];
  const spatial = kernel.shape.slice(2);
  if (x.shape.length !== kernel.shape.length || spatial.length < 1 || spatial.length > 2) {
    throw shapeError('convolve', shapes, 'both need a batch or filter axis, channels, and one or two spatial axes');
  }
  if (x.shape[1] !== kernel.shape[1]) {
    throw shapeError('convolve', shapes, `${x.shape[1]} channels meet ${kernel.shape[1]}`);
  }
  if (![...x.shape.slice(1), ...kernel.shape].every((dim) => typeof dim === 'number')) {
    throw shapeError('convolve', shapes, 'only the batch may have a named extent');
  }
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== kernel.shape[0])) {
    throw shapeError('convolve', shapes, `the bias must be [${kernel.shape[0]}]`);
  }
  const extents = x.shape.slice(2) as number[];
  const sizes = spatial as number[];
  const out = extents.map((extent, i) => Math.floor((extent + 2 * padding - sizes[i]!) / stride) + 1);
  if (out.some((extent) => extent < 1)) throw shapeError('convolve', shapes, 'the kernel is larger than the input');
  const shape: Shape = [x.shape[0]!, kernel.shape[0]!, ...out];
  return apply('Conv', [x, kernel, ...(bias === undefined ? [] : [bias])], shape, {
    attributes: {
      strides: { integers: sizes.map(() => stride) },
      pads: { integers: [...sizes, ...sizes].map(() => padding) },
    },
    backward: ([g]) => {
      const inner = sizes.map((_, i) => i + 2);
      const byInput = backToInput(g!, kernel, x, sizes, stride, padding);
      const byKernel = kernelGradient(x, g!, kernel, stride, padding);
      return bias === undefined ? [byInput, byKernel] : [byInput, byKernel, sum(g!, [0, ...inner])];
    },
  });
}

function backToInput(
  g: Tensor,
  kernel: Tensor,
  x: Tensor,
  sizes: readonly number[],
  stride: number,
  padding: number,
): Tensor {
  // Inputs that no window reaches at the far end: the transposed convolution must be told that they exist.
  const rest = sizes.map(
    (size, i) => (x.shape[i + 2] as number) + 2 * padding - size - ((g.shape[i + 2] as number) - 1) * stride,
  );
  return apply('ConvTranspose', [g, kernel], x.shape, {
    attributes: {
      strides: { integers: sizes.map(() => stride) },
      pads: { integers: [...sizes, ...sizes].map(() => padding) },
      output_padding: { integers: rest },
    },
  });
}

/** A convolution of the input with the result's gradient, batch and channels exchanged. */
function kernelGradient(x: Tensor, g: Tensor, kernel: Tensor, stride: number, padding: number): Tensor {
  const swap = x.shape.map((_, i) => (i === 0 ? 1 : i === 1 ? 0 : i));
  const extents = x.shape.slice(2) as number[];
  const steps = g.shape.slice(2) as number[];
  const full = extents.map((extent, i) => extent + 2 * padding - (steps[i]! - 1) * stride);
  const raw = apply('Conv', [transpose(x, swap), transpose(g, swap)], [x.shape[1]!, kernel.shape[0]!, ...full], {
    attributes: {
      dilations: { integers: steps.map(() => stride) },
      pads: { integers: [...steps, ...steps].map(() => padding) },
    },
  });
  const cut = kernel.shape
    .slice(2)
    .reduce<Tensor>(
      (part, size, i) => (part.shape[i + 2] === size ? part : slice(part, i + 2, 0, size as number)),
      raw,
    );
  return transpose(cut, swap);
}
