import { sum } from './operators/basics.ts';
import { multiply } from './operators/elementwise.ts';
import { addAll } from './operators/matrix.ts';
import type { Scope } from './parameters.ts';
import type { Value } from './session.ts';
import type { Objective, Tensors } from './step.ts';
import type { TrainerOptions } from './trainer-options.ts';

/** A scalar whose gradient with respect to the parameters is that of the whole loss: representations times weights. */
export function surrogate(encode: NonNullable<TrainerOptions['encode']>) {
  return (scope: Scope, inputs: Tensors): Objective => {
    const batch = Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith('weight:')));
    const parts = Object.entries(encode(scope, batch)).filter(([, { type }]) => type === 'float32');
    return { loss: addAll(parts.map(([name, tensor]) => sum(multiply(tensor, inputs[`weight:${name}`]!)))) };
  };
}

/** What an encoding graph gave, by the names of the representations. */
export function representationsOf(outputs: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name.replace(/^representation:/, ''), value]),
  );
}

/** Arrays of the same name from all parts, one below the other. */
export function joinRows(parts: readonly Readonly<Record<string, Value>>[]): Record<string, Value> {
  const joined: Record<string, Value> = {};
  for (const name of Object.keys(parts[0]!)) {
    const values = parts.map((part) => part[name]!);
    const total = values.reduce((count, { data }) => count + data.length, 0);
    const data = values[0]!.data instanceof Float32Array ? new Float32Array(total) : new Int32Array(total);
    let at = 0;
    for (const value of values) {
      data.set(value.data as Float32Array, at);
      at += value.data.length;
    }
    const rows = values.reduce((count, { shape }) => count + shape[0]!, 0);
    joined[name] = { data, shape: [rows, ...values[0]!.shape.slice(1)] };
  }
  return joined;
}

/** `count` rows of an array, not copied. */
export function rowsOf({ data, shape }: Value, from: number, count: number): Value {
  const width = data.length / shape[0]!;
  return { data: data.subarray(from * width, (from + count) * width), shape: [count, ...shape.slice(1)] };
}
