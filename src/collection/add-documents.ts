import type { InputDocument } from '../content/index.ts';
import { blocksOf, checkInput } from '../corpus/index.ts';
import type { Hashed } from '../ingest/hashed.ts';
import type { Indexer } from './indexer.ts';

/** What `add` did, document by document in the order given; one that comes twice is counted twice. */
export interface AddReport {
  readonly added: number;
  readonly updated: number;
  /** As it was there already when its turn came. */
  readonly unchanged: number;
  /** Those written in which no search can find anything, since they hold no word: only `document` and lists show them. */
  readonly unsearchable: number;
  /** Passages written that are longer than the encoder reads and could not be divided: their vectors do not know their ends. */
  readonly cut: number;
  readonly passagesAdded: number;
  readonly generation: number;
}

/**
 * Writes documents that are new or have changed. On return they are published. See {@link Collection.add}.
 * @param hashOf a hash of all that is stored of a document.
 */
export async function addDocuments(
  indexer: Indexer,
  documents: Iterable<InputDocument> | AsyncIterable<InputDocument>,
  hashOf: (document: Hashed) => string | Promise<string>,
): Promise<AddReport> {
  let added = 0;
  let updated = 0;
  let unchanged = 0;
  for await (const document of documents) {
    const metadata = checkInput(document);
    const { id, text, title = '', path, format = 'text', language } = document;
    const place = path === undefined ? {} : { path };
    const content = { title, text, metadata, format, ...(language === undefined ? {} : { language }) };
    const hash = await hashOf({ id, ...place, ...content, blocks: document.blocks ?? [] });
    const before = await indexer.contentHash(id);
    if (before === hash) {
      unchanged++;
      indexer.skip(path);
      continue;
    }
    if (before === undefined) added++;
    else updated++;
    await indexer.add({
      record: { id, title, format, contentHash: hash, metadata, ...place },
      title,
      text,
      blocks: blocksOf(document),
      ...(language === undefined ? {} : { language }),
    });
  }
  const generation = await indexer.finish();
  const { passages: passagesAdded, unsearchable, cut } = indexer;
  return { added, updated, unchanged, unsearchable, cut, passagesAdded, generation };
}
