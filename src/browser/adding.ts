import type { InputDocument } from '../content/index.ts';
import { type IndexingSettings, languageOf } from '../corpus/index.ts';
import { loadLanguage } from '../text/index.ts';

/** What adding takes beside searching, which is loaded when it is needed. */
export { addDocuments } from '../collection/add-documents.ts';
export { Indexer } from '../collection/indexer.ts';
export { hashOfDocument } from './hash.ts';

/** The documents, each when its language can be analysed: stemmers are loaded as they are needed. */
export async function* withLanguages(
  documents: readonly InputDocument[],
  settings: IndexingSettings,
): AsyncGenerator<InputDocument> {
  for (const document of documents) {
    const { text, title = '', language } = document;
    // What is no document is told as such by who takes it.
    if (typeof text === 'string' && typeof title === 'string') {
      const known = language === undefined ? {} : { language };
      await loadLanguage(languageOf({ title, text, blocks: [], ...known }, settings));
    }
    yield document;
  }
}
