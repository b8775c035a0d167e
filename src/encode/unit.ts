/** Scales a vector to unit Euclidean length, in place. False, and nothing done, if it is zero or not finite. */
export function scaleToUnit(vector: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  if (!(sum > 0) || sum === Number.POSITIVE_INFINITY) return false;
  const scale = 1 / Math.sqrt(sum);
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
  return true;
}
