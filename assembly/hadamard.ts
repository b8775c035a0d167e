// The Walsh-Hadamard transform in place: `count` rows of `dim` floats, `dim` a power of two and at least 4, scaled by
// 1 / sqrt(dim), so that it is its own inverse and keeps lengths.

export function hadamardRows(rows: usize, count: i32, dim: i32): void {
  const bytes = <usize>dim << 2;
  const scale = f32x4.splat(<f32>(1 / Math.sqrt(<f64>dim)));
  const odd = f32x4(1, -1, 1, -1);
  const upper = f32x4(1, 1, -1, -1);
  for (let r = 0; r < count; r++, rows += bytes) {
    const end = rows + bytes;
    // Strides 1 and 2 inside a vector.
    for (let at = rows; at < end; at += 16) {
      let a = f32x4.mul(v128.load(at), scale);
      a = f32x4.add(f32x4.mul(a, odd), v128.shuffle<f32>(a, a, 1, 0, 3, 2));
      a = f32x4.add(f32x4.mul(a, upper), v128.shuffle<f32>(a, a, 2, 3, 0, 1));
      v128.store(at, a);
    }
    for (let half: usize = 16; half < bytes; half <<= 1) {
      for (let block = rows; block < end; block += half << 1) {
        const middle = block + half;
        for (let at = block; at < middle; at += 16) {
          const a = v128.load(at), b = v128.load(at + half);
          v128.store(at, f32x4.add(a, b));
          v128.store(at + half, f32x4.sub(a, b));
        }
      }
    }
  }
}
