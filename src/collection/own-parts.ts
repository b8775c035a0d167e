import type { Extension } from './extensions.ts';

/** Parts of pipelines that a collection has of its own. */
export type OwnParts = Pick<Extension, 'rerankers' | 'feedbacks'>;

/** An extension with a collection's own parts besides; where the extension has one of the same name, that comes first. */
export function withOwn(extension: Extension, { rerankers = [], feedbacks = [] }: OwnParts): Extension {
  if (rerankers.length + feedbacks.length === 0) return extension;
  return {
    ...extension,
    rerankers: joined(extension.rerankers, rerankers),
    feedbacks: joined(extension.feedbacks, feedbacks),
  };
}

function joined<Part extends { readonly id: string }>(given: readonly Part[] = [], own: readonly Part[]) {
  return [...given, ...own.filter(({ id }) => given.every((known) => known.id !== id))];
}
