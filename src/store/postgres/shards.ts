import { wellFormed } from '../../base/byte-order.ts';
import { hashText } from '../../base/hash.ts';

/** The part of a collection that a document lies in, with all that is made of it. */
export function shardOf(id: string, shards: number): number {
  return hashText(wellFormed(id))[1] % shards;
}
