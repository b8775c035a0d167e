import { type BaseNode, MetadataMode, NodeRelationship, type NodeWithScore, TextNode } from '@llamaindex/core/schema';
import { flatten, type SourceHit, unflatten } from '../api/index.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import type { InputDocument } from '../content/index.ts';

/** Metadata field that keeps the document that a node came from. */
export const SOURCE = 'ref_doc_id';

/** A hit as a node of LlamaIndex: its passage as text, its document's metadata as they were given, and under `sagitta` what was found. */
export function toNode(hit: SourceHit): TextNode {
  const { id, score, title, start, end, headings, page, path, language, text, metadata } = hit;
  const { [SOURCE]: source, ...own } = unflatten(metadata);
  const found = { id, score, title, headings, language, ...(page === undefined ? {} : { page }) };
  return new TextNode({
    id_: id,
    text,
    startCharIdx: start,
    endCharIdx: end,
    metadata: { ...own, sagitta: { ...found, ...(path === undefined ? {} : { path }) } },
    excludedEmbedMetadataKeys: ['sagitta'],
    excludedLlmMetadataKeys: ['sagitta'],
    relationships: { [NodeRelationship.SOURCE]: { nodeId: typeof source === 'string' ? source : id, metadata: {} } },
  });
}

export function toNodeWithScore(hit: SourceHit): NodeWithScore {
  return { node: toNode(hit), score: hit.score };
}

/** A node as a document to add. @throws InvalidArgumentError for metadata that could not come back as they were. */
export function toInput(node: BaseNode): InputDocument {
  const { [SOURCE]: taken, ...metadata } = node.metadata;
  if (taken !== undefined) {
    throw new InvalidArgumentError(
      `The metadata field "${SOURCE}" has a name that is taken.`,
      'Call it something else: it names the document that a node came from.',
    );
  }
  const { title } = metadata;
  return {
    id: node.id_,
    text: node.getContent(MetadataMode.NONE),
    ...(typeof title === 'string' ? { title } : {}),
    metadata: { ...flatten(metadata), [SOURCE]: node.sourceNode?.nodeId ?? node.id_ },
  };
}
