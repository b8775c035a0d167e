import type { VectorSets, Vectors } from '../../src/base/vectors.ts';
import type { CollectionFiles, Judgements, TestCollection, TestDocument } from '../../src/eval/index.ts';
import { type Lab, NeedsData } from '../grading/lab.ts';

/** A test collection with a vector for each document and query. */
export interface Embedded {
  readonly collection: TestCollection;
  readonly documents: readonly TestDocument[];
  /** Row of a document by its id. */
  readonly rows: ReadonlyMap<string, number>;
  readonly vectors: Vectors;
  readonly queryIds: readonly string[];
  readonly queries: Vectors;
  readonly judgements: Judgements;
  readonly sources: Readonly<Record<string, string>>;
}

/** Words of a document that are embedded: encoders read 128 tokens (use-lite) or more, some 90 words. */
const WORDS = 100;

/** Title and text of a document, cut to so many words. */
export function contentOf({ title, text }: TestDocument, words = WORDS): string {
  const all = `${title} ${text}`.trim().split(/\s+/);
  return all.slice(0, words).join(' ');
}

/** Queries and documents of a smoke test. */
const QUICK = { queries: 100, documents: 400 } as const;

/**
 * Embeds a collection, or takes the vectors from the cache. A smoke test has the first queries, what answers them, and as many more documents
 * as make 400. @throws NeedsData.
 */
export function embed(lab: Lab, name: string, files: CollectionFiles = {}): Promise<Embedded> {
  return lab.once(`embed ${name} ${JSON.stringify(files)}`, async () => {
    const collection = await lab.collection(name, files);
    const queryIds = [...collection.queries.keys()].slice(0, lab.pick(QUICK.queries, Number.POSITIVE_INFINITY));
    const needed = new Set(queryIds.flatMap((id) => [...collection.judgements.get(id)!.keys()]));
    const documents = await documentsOf(lab, collection, needed);
    const vectors = await vectorsOf(
      lab,
      documents.map((document) => contentOf(document)),
      'document',
    );
    const queries = await vectorsOf(
      lab,
      queryIds.map((id) => collection.queries.get(id)!),
      'query',
    );
    return {
      collection,
      documents,
      rows: new Map(documents.map(({ id }, row) => [id, row])),
      vectors,
      queryIds,
      queries,
      judgements: collection.judgements,
      sources: sourcesOf(collection),
    };
  });
}

/** The documents of a collection; in a smoke test those that are needed, and as many more as make 400. */
export async function documentsOf(
  lab: Lab,
  collection: TestCollection,
  needed: ReadonlySet<string>,
): Promise<TestDocument[]> {
  const documents: TestDocument[] = [];
  let others = lab.pick(Math.max(0, QUICK.documents - needed.size), Number.POSITIVE_INFINITY);
  for await (const document of collection.documents())
    if (needed.has(document.id) || others-- > 0) documents.push(document);
  return documents;
}

/** A vector for each text by the lab's encoder, or from the cache. */
export function vectorsOf(lab: Lab, texts: readonly string[], role: 'query' | 'document'): Promise<Vectors> {
  return lab.vectors(['texts', role, ...texts], () => {
    lab.say(`encoding ${texts.length} texts with ${lab.encoder}`);
    return lab.withEncoder((encoder) => encoder.encode(texts, { role, signal: lab.signal }));
  });
}

/** Token vectors. Not kept: they are large and quick to make. @throws NeedsData when the lab's encoder gives none. */
export function tokensOf(lab: Lab, texts: readonly string[]): Promise<VectorSets> {
  return lab.withEncoder(async (encoder) => {
    if (encoder.encodeTokens !== undefined) return encoder.encodeTokens(texts, { signal: lab.signal });
    throw new NeedsData(
      `The encoder ${lab.encoder} gives no vectors of tokens.`,
      'Choose one that does, such as use-lite.',
    );
  });
}

export function sourcesOf({ name, files }: TestCollection): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([part, { sha256 }]) => [`${name}/${part}`, sha256]));
}
