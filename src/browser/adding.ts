/** What adding takes beside searching, which is loaded when it is needed. */
export { addDocuments } from '../collection/add-documents.ts';
export { Indexer } from '../collection/indexer.ts';
export { hashOfDocument } from './hash.ts';
