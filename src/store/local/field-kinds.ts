import type { BitSet } from '../../base/bits.ts';
import type { SectionSink, SectionSource } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import type { WeightedTerm } from '../../content/index.ts';
import { FlatIndex, FlatIndexBuilder, type ImpactCodes, type TokenCodes } from '../../index/index.ts';
import type { FieldItem, VectorFieldSettings } from '../types.ts';
import { ImpactIndex, ImpactIndexBuilder, impactCodes, TokenIndex, TokenIndexBuilder, tokenCodes } from './seldom.ts';

/** What a field holds of the passages of a segment: an item a passage. */
export type FieldIndex = FlatIndex | TokenIndex | ImpactIndex;

/** What a field of some kind holds of a passage that waits to be written. */
export type PendingItem = Float32Array | TokenCodes | ImpactCodes;

/** Collects items of a field, in the order of their passages. */
export interface FieldIndexBuilder {
  readonly count: number;
  /** Bytes that it holds, about. */
  readonly bytes: number;
  add(item: FieldItem | PendingItem | undefined): void;
  writeTo(sink: SectionSink): void;
}

/** How fields of a kind are stored. A further kind is an entry of {@link FIELD_KINDS}. */
interface FieldKind {
  /** Sections of its index begin with this. */
  readonly prefix: string;
  open(source: SectionSource): FieldIndex;
  builder(dim: number): FieldIndexBuilder;
  /** Writes the live items of several indexes, in order, without holding them, in steps. */
  merge(parts: readonly { readonly index: FieldIndex; readonly live: BitSet }[], sink: SectionSink): Generator<void>;
  /** Whether merging also makes an index smaller, or faster to search: so that one alone is worth it. */
  readonly condenses: boolean;
  /** A copy of an item, as small as it is stored. @throws InvalidArgumentError for another length or numbers that are not finite. */
  pending(item: FieldItem, dim: number, what: string): PendingItem;
  fits(item: FieldItem): boolean;
}

export const FIELD_KINDS: Readonly<Record<VectorFieldSettings['kind'], FieldKind>> = {
  vector: {
    prefix: 'dense.',
    open: (source) => FlatIndex.open(source),
    builder: (dim) => new FlatIndexBuilder(dim) as FieldIndexBuilder,
    *merge(parts, sink) {
      FlatIndex.merge(parts as { index: FlatIndex; live: BitSet }[], sink);
      yield;
    },
    condenses: false,
    pending: (item) => (item as Float32Array).slice(),
    fits: (item) => item instanceof Float32Array,
  },
  vectors: {
    prefix: 'tokens.',
    open: (source) => TokenIndex.open(source),
    builder: (dim) => new TokenIndexBuilder(dim) as FieldIndexBuilder,
    merge: (parts, sink) => TokenIndex.merge(parts as { index: TokenIndex; live: BitSet }[], sink),
    condenses: true,
    pending: (item, dim, what) => tokenCodes(item as Vectors, dim, what),
    fits: (item) => item instanceof Vectors,
  },
  impacts: {
    prefix: 'impacts.',
    open: (source) => ImpactIndex.open(source),
    builder: () => new ImpactIndexBuilder() as FieldIndexBuilder,
    *merge(parts, sink) {
      ImpactIndex.merge(parts as { index: ImpactIndex; live: BitSet }[], sink);
      yield;
    },
    condenses: false,
    pending: (item, _, what) => impactCodes(item as readonly WeightedTerm[], what),
    fits: (item) => Array.isArray(item),
  },
};

/** What an index holds of a passage, if anything. */
export function itemOf(index: FieldIndex, passage: number): FieldItem | undefined {
  return index instanceof ImpactIndex ? index.terms(passage) : index.vector(passage);
}

/** How many vectors, or impacts, an index holds. */
export function entriesOf(index: FieldIndex): number {
  return index instanceof ImpactIndex ? index.postingCount : index.vectorCount;
}

/** Bytes of an item that waits. */
export function pendingBytes(item: PendingItem): number {
  if (item instanceof Float32Array) return item.byteLength;
  return item.codes.byteLength + ('terms' in item ? 24 * item.terms.length : item.scales.byteLength);
}
