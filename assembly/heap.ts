// A bounded min-heap of the best (score, id) pairs, shared by every kernel that selects: not exported to the host.
//
// Layout: u32 capacity, u32 size, then `capacity` u64 keys. A key holds the score's bits, mapped so that unsigned order
// is float order, above the complemented id. One integer comparison thus orders by score, then by ascending id.

// @ts-ignore: decorator
@inline
export function keyOf(score: f32, id: u32): u64 {
  // -0 and 0 are equal scores: the integer sum below sees the bits of a positive zero for both.
  const bits = score == 0 ? 0 : reinterpret<u32>(score);
  const ordered = bits ^ (<u32>(<i32>bits >> 31) | 0x80000000);
  return (<u64>ordered << 32) | <u64>~id;
}

// @ts-ignore: decorator
@inline
export function scoreOf(key: u64): f32 {
  const ordered = <u32>(key >> 32);
  return reinterpret<f32>(ordered ^ (<u32>(<i32>~ordered >> 31) | 0x80000000));
}

// @ts-ignore: decorator
@inline
export function idOf(key: u64): u32 {
  return ~(<u32>key);
}

// @ts-ignore: decorator
@inline
function slot(heap: usize, i: u32): usize {
  return heap + 8 + (<usize>i << 3);
}

/** What a score must reach to be of interest: the worst kept score of a full heap. NaN reaches nothing. */
// @ts-ignore: decorator
@inline
export function threshold(heap: usize): f32 {
  return load<u32>(heap, 4) < load<u32>(heap) ? -Infinity : load<u32>(heap) == 0 ? Infinity : scoreOf(load<u64>(heap, 8));
}

function siftDown(heap: usize, start: u32, size: u32, key: u64): void {
  let i = start;
  for (;;) {
    let child: u32 = i * 2 + 1;
    if (child >= size) break;
    let least = load<u64>(slot(heap, child));
    if (child + 1 < size) {
      const right = load<u64>(slot(heap, child + 1));
      if (right < least) {
        least = right;
        child++;
      }
    }
    if (key <= least) break;
    store<u64>(slot(heap, i), least);
    i = child;
  }
  store<u64>(slot(heap, i), key);
}

/** Keeps the pair if it is among the best so far. The score must not be NaN. */
export function offer(heap: usize, score: f32, id: u32): void {
  const capacity = load<u32>(heap);
  const size = load<u32>(heap, 4);
  const key = keyOf(score, id);
  if (size < capacity) {
    let i = size;
    store<u32>(heap, size + 1, 4);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = load<u64>(slot(heap, parent));
      if (above <= key) break;
      store<u64>(slot(heap, i), above);
      i = parent;
    }
    store<u64>(slot(heap, i), key);
  } else if (size > 0 && key > load<u64>(slot(heap, 0))) {
    siftDown(heap, 0, size, key);
  }
}

/** Writes the pairs out, best first, empties the heap, and returns how many there were. */
export function drain(heap: usize, ids: usize, scores: usize): u32 {
  const size = load<u32>(heap, 4);
  for (let last = size; last > 0; ) {
    const worst = load<u64>(slot(heap, 0));
    last--;
    siftDown(heap, 0, last, load<u64>(slot(heap, last)));
    store<u32>(ids + (<usize>last << 2), idOf(worst));
    store<f32>(scores + (<usize>last << 2), scoreOf(worst));
  }
  store<u32>(heap, 0, 4);
  return size;
}
