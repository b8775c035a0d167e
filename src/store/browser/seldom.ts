import type * as kinds from '../local/seldom.ts';

/** `store/local/seldom.ts` for browsers, where it is put in its place: nothing, until it is loaded. */

class NotLoaded {}

export let ImpactIndex = NotLoaded as unknown as typeof kinds.ImpactIndex;
export let ImpactIndexBuilder = NotLoaded as unknown as typeof kinds.ImpactIndexBuilder;
export let impactCodes = undefined as unknown as typeof kinds.impactCodes;
export let IvfIndex = NotLoaded as unknown as typeof kinds.IvfIndex;
export let IvfModel = NotLoaded as unknown as typeof kinds.IvfModel;
export let parseSpec = undefined as unknown as typeof kinds.parseSpec;
export let TokenIndex = NotLoaded as unknown as typeof kinds.TokenIndex;
export let TokenIndexBuilder = NotLoaded as unknown as typeof kinds.TokenIndexBuilder;
export let tokenCodes = undefined as unknown as typeof kinds.tokenCodes;

/** Who opens a collection that has indexes of these kinds calls it before. */
export async function loadSeldom(): Promise<void> {
  ({
    ImpactIndex,
    ImpactIndexBuilder,
    impactCodes,
    IvfIndex,
    IvfModel,
    parseSpec,
    TokenIndex,
    TokenIndexBuilder,
    tokenCodes,
  } = await import('../local/seldom.ts'));
}
