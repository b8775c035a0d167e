export {
  type Change,
  type ChangePlan,
  ChangeTracker,
  contentHash,
  documentHash,
  type KnownDocument,
  planChanges,
} from './changes.ts';
export { type DecodedText, type DecodeOptions, decode } from './decode.ts';
export { makeDocument, type Reading } from './document.ts';
export { type Hashed, INGEST_VERSION } from './hashed.ts';
export { DEFAULT_LIMITS, type ReadLimits } from './limits.ts';
export { documentId } from './metadata.ts';
export { DEFAULT_MAX_BYTES, type ListEvent, listFiles, type ReadOptions, readDocuments, readFile } from './read.ts';
export type { ReadContext, Reader, ReaderItem } from './reader.ts';
export { readers } from './readers/index.ts';
export { createScope, type Root, type Scope, type ScopeOptions } from './scope.ts';
export { isLeftOut, SkippedFiles } from './skipped.ts';
export type {
  FoundDocument,
  IngestEvent,
  IngestFailure,
  IngestNote,
  SkippedFile,
  SkippedGroup,
  SourceDocument,
  SourceFile,
  SourceStamp,
  WalkEvent,
} from './types.ts';
export { type WalkOptions, walk } from './walk.ts';
export { changesUnder, type WatchOptions } from './watching.ts';
