// Exact top-k BM25 with dynamic pruning.
//
// The search runs document-at-a-time over windows of WINDOW documents, MaxScore inside a window (Turtle & Flood 1995) with
// the bounds of the blocks that overlap it (Block-Max, Ding & Suel 2011). Terms come in descending weight; every document
// adds up its contributions in that order in float32, so that pruning never changes a bit of a score.
import { offer, threshold as worstOf } from "./heap";
import { bindPostings, BLOCK, Cursor, decode, END, frequencyAt, Index, isIn, start } from "./postings-blocks";
import { bindWindow, boundOf, contribution, enterWindow, LOCAL, lookUp, rejected, scan, WINDOW } from "./postings-window";

export { countPostings, lookUpPostings, readPostings, unpackDocuments, unpackShortDocuments } from "./postings-blocks";
export { lookupTerms, lowerBound } from "./dictionary";
export { dictionaryBytes, unpackDictionary, unpackLengths } from "./unpack-dictionary";

// With at most this many eligible documents in a window, the documents drive and every term is looked up in turn.
const SPARSE: u32 = 16;
// Postings from which a first lower bound of the k-th best score is taken, and from how many terms at most.
const SAMPLE: u32 = 128;
const SAMPLED_TERMS: usize = 4;

@unmanaged class Query {
  norm0: f32; // K = norm0 + norm1 * length
  norm1: f32;
  terms: u32;
  cursors: usize;
  buffers: usize; // for each term 8 bytes a posting, at most 128 and at least 4 to spare, a multiple of 4
  eligible: usize; // bitmap padded to 16 documents, 0: all
  also: usize; // second bitmap to intersect with, 0: none
  heap: usize; // of topk.ts, empty
  floor: f32; // only greater scores are wanted; 0: all
}

/**
 * A score that at least k eligible documents reach: the k-th best sum over a sample, namely the first postings of the
 * terms of greatest weight. Sums of some of a document's contributions never exceed its score, not even rounded, as they
 * are added in the same order. Zero if the sample is too small.
 */
function floorScore(query: Query, capacity: u32): f32 {
  const stride = offsetof<Cursor>();
  const cursors = query.cursors;
  const allEnd = cursors + <usize>query.terms * stride;
  let end = cursors;
  let sampled: u32 = 0;
  let skipped: u32 = 0;
  for (const few = cursors + SAMPLED_TERMS * stride; end < min(allEnd, few) && sampled < SAMPLE; end += stride) {
    const cursor = changetype<Cursor>(end);
    if (cursor.decoded != 0) decode(cursor);
    cursor.next = load<u32>(cursor.documents);
    sampled += cursor.size;
    skipped += cursor.frequency - cursor.size;
  }
  for (let at = end; at < allEnd; at += stride) skipped += changetype<Cursor>(at).frequency;
  if (sampled < capacity || skipped < SAMPLE) end = cursors;
  const heap = query.heap;
  const eligible = query.eligible;
  while (end > cursors) {
    let document: u32 = END;
    for (let at = cursors; at < end; at += stride) document = min(document, changetype<Cursor>(at).next);
    if (document == END) break;
    let score: f32 = 0;
    for (let at = cursors; at < end; at += stride) {
      const cursor = changetype<Cursor>(at);
      if (cursor.next != document) continue;
      const position = cursor.position;
      score += contribution(cursor.weight, frequencyAt(cursor, position), document);
      cursor.position = position + 1;
      // Documents that do not ascend would never end.
      const next = position + 1 < cursor.size ? load<u32>(cursor.documents + (position << 2), 4) : END;
      cursor.next = next > document ? next : END;
    }
    if (eligible == 0 || isIn(eligible, document)) offer(heap, score, document);
  }
  for (let at = cursors; at < allEnd; at += stride) {
    const cursor = changetype<Cursor>(at);
    cursor.position = 0;
    cursor.next = 0;
  }
  const floor = worstOf(heap);
  store<u32>(heap, 0, 4);
  // Only greater scores are hits, so that one just below has to do.
  return floor > 1e-30 ? reinterpret<f32>(reinterpret<u32>(floor) - 1) : 0;
}

function countEligible(eligible: usize, from: u32, to: u32): u32 {
  // The bitmap is padded with zeros to the window's end.
  let sum = i16x8.splat(0);
  const end = eligible + ((to + 127) >> 7 << 4);
  for (let at = eligible + (from >> 3); at < end; at += 16) {
    sum = i16x8.add(sum, i16x8.extadd_pairwise_i8x16_u(i8x16.popcnt(v128.load(at))));
  }
  const quads = i32x4.extadd_pairwise_i16x8_u(sum);
  return i32x4.extract_lane(quads, 0) + i32x4.extract_lane(quads, 1) + i32x4.extract_lane(quads, 2) + i32x4.extract_lane(quads, 3);
}

/** Exact top-k: leaves the hits in `query.heap` and returns how many documents were scored in full. */
export function searchPostings(index: Index, query: Query): u32 {
  bindPostings(index);
  bindWindow(index, query.norm0, query.norm1);
  const count = index.count;
  const n = query.terms;
  const heap = query.heap;
  const stride = offsetof<Cursor>();
  const cursors = query.cursors;
  const cursorsEnd = cursors + <usize>n * stride;
  const candidates = index.candidates;
  const eligible = query.eligible;
  if (query.also != 0) {
    const bytes = ((count + WINDOW - 1) & ~LOCAL) >> 3;
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(eligible + i, v128.and(v128.load(eligible + i), v128.load(query.also + i)));
    }
  }

  let buffer = query.buffers;
  for (let at = cursors; at < cursorsEnd; at += stride) {
    const cursor = changetype<Cursor>(at);
    start(cursor, index);
    const room = (min(cursor.frequency, BLOCK) + 7) & ~3;
    cursor.documents = buffer;
    cursor.frequencies = buffer + (room << 2);
    buffer += room << 3;
    cursor.bound = boundOf(cursor.weight, load<u8>(index.termBounds + cursor.term));
  }

  // A rounded sum of n contributions, each rounded a few times, times this factor is below the sum of their bounds.
  const slack: f64 = max(0.0, 1.0 - (<f64>n + 16.0) / 8388608.0);
  let threshold = query.floor > 0 ? query.floor : floorScore(query, load<u32>(heap)); // only a greater score is a hit; soon the k-th best so far
  let raised = threshold > 0;
  let cut: f64 = 0; // what an upper bound has to exceed: `threshold`, less the slack
  let essential = cursorsEnd; // from here on, all terms together never exceed `cut`
  let beyond: f64 = 0; // sum of their bounds
  let examined: u32 = 0;
  let from: u32 = 0;

  while (from < count) {
    if (raised) {
      raised = false;
      cut = <f64>threshold * slack;
      while (essential > cursors) {
        const bound = beyond + <f64>changetype<Cursor>(essential - stride).bound;
        if (bound > cut) break;
        beyond = bound;
        essential -= stride;
      }
      if (essential == cursors) break;
    }
    let next: u32 = END;
    for (let at = cursors; at < essential; at += stride) next = min(next, changetype<Cursor>(at).next);
    if (next >= count) break;
    from = max(from, next & ~LOCAL);
    const to = min(count, from + WINDOW);

    let sparse = false;
    if (eligible != 0) {
      const allowed = countEligible(eligible, from, to);
      if (allowed == 0) {
        from = to;
        continue;
      }
      sparse = allowed <= SPARSE;
    }

    let rest: f64 = 0;
    let split = cursorsEnd; // terms before it are accumulated, the others looked up
    let open = false;
    for (let at = cursorsEnd; at > cursors; ) {
      at -= stride;
      const cursor = changetype<Cursor>(at);
      cursor.windowBound = enterWindow(cursor, from, to);
      cursor.rest = rest;
      rest += cursor.windowBound;
      if (!open && rest <= cut) split = at;
      else open = true;
    }
    if (open) {
      let found: u32;
      if (sparse) {
        found = gather(from, to, eligible, candidates);
        split = cursors;
      } else {
        const after = changetype<Cursor>(split - stride).rest;
        const complete = after == 0;
        found = scan(cursors, split, from, to, complete ? threshold : <f32>max(0.0, cut - after), eligible, candidates);
        if (complete) {
          examined += found + rejected;
          split = cursorsEnd;
        }
      }
      if (split < cursorsEnd) {
        found = lookUp(split, cursorsEnd, cut, candidates, found);
        examined += found;
      }
      for (let c = candidates, end = candidates + (found << 2); c < end; c += 4) {
        const score = load<f32>(c, WINDOW << 2);
        if (!(score > threshold) || load<u32>(c) >= count) continue;
        offer(heap, score, load<u32>(c));
        const worst = worstOf(heap);
        if (worst > 0) {
          threshold = worst;
          raised = true;
        }
      }
    }
    from = to;
  }
  return examined;
}

// Makes candidates of the eligible documents of a window, without a score.
function gather(from: u32, to: u32, eligible: usize, candidates: usize): u32 {
  let found: u32 = 0;
  for (let group = from; group < to; group += 16) {
    let bits = <u32>load<u16>(eligible + (group >> 3));
    while (bits != 0) {
      store<u32>(candidates + (found << 2), group + ctz(bits));
      store<f32>(candidates + (found << 2), 0, WINDOW << 2);
      bits &= bits - 1;
      found++;
    }
  }
  return found;
}
