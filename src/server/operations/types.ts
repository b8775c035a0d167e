import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type {
  AskAnswer,
  AskRequest,
  BulkRequest,
  Capabilities,
  CollectionInfo,
  CompleteParameters,
  Completions,
  ContextAnswer,
  ContextRequest,
  ContextsAnswer,
  DocumentAnswer,
  DocumentList,
  EmbeddingsAnswer,
  EmbeddingsRequest,
  EvaluationReport,
  FacetParameters,
  Facets,
  FileAnswer,
  Folder,
  FolderParameters,
  Frontier,
  Job,
  JudgedQuery,
  JudgementsAnswer,
  JudgeRequest,
  ListParameters,
  MapAnswer,
  MapHits,
  MapHitsRequest,
  MapParameters,
  MeasureAnswer,
  MeasureRequest,
  MultiGetAnswer,
  MultiGetRequest,
  RemoveAnswer,
  RemoveRequest,
  RerankAnswer,
  RerankRequest,
  SearchAnswer,
  SearchRequest,
  SuggestAnswer,
  SuggestRequest,
  WriteAnswer,
} from '../../api/index.ts';

/** A collection that is served. */
export interface ServedCollection {
  readonly name: string;
  /** Its folder. */
  readonly directory: string;
  /** Folders and files that a `sync` job reads again. Default: none. */
  readonly sources?: readonly string[];
}

/** One document, or some of its lines. */
export interface GetRequest {
  readonly collection?: string | undefined;
  readonly id: string;
  readonly lines?: string | undefined;
  readonly passages?: boolean;
  readonly query?: string | undefined;
}

/** A bulk request as it came: parsed and checked where it is carried out, since it may be large. */
export interface RawDocuments {
  readonly collection?: string | undefined;
  readonly format: 'json' | 'ndjson';
  readonly bytes: Uint8Array;
}

/** A file as it came. */
export interface RawFile {
  readonly collection?: string | undefined;
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Named {
  readonly collection?: string | undefined;
}

/** Everything that the server, the MCP server and the jobs do with collections: name, request, answer. */
export interface Operations {
  readonly search: { request: SearchRequest; answer: SearchAnswer };
  readonly context: { request: ContextRequest; answer: ContextAnswer };
  readonly ask: { request: AskRequest; answer: AskAnswer };
  readonly get: { request: GetRequest; answer: DocumentAnswer };
  readonly multiGet: { request: MultiGetRequest; answer: MultiGetAnswer };
  readonly list: { request: ListParameters; answer: DocumentList };
  readonly info: { request: Named; answer: CollectionInfo };
  readonly folder: { request: FolderParameters; answer: Folder };
  /** What somebody said that a collection and its folders are about; the collection is not opened for it. */
  readonly contexts: { request: Named; answer: ContextsAnswer };
  readonly facets: { request: FacetParameters; answer: Facets };
  readonly suggest: { request: SuggestRequest; answer: SuggestAnswer };
  readonly complete: { request: CompleteParameters; answer: Completions };
  readonly map: { request: MapParameters; answer: MapAnswer };
  readonly mapHits: { request: MapHitsRequest; answer: MapHits };
  readonly judgements: { request: Named; answer: JudgementsAnswer };
  readonly judge: { request: JudgeRequest; answer: JudgedQuery };
  readonly measure: { request: MeasureRequest; answer: MeasureAnswer };
  readonly frontier: { request: Named; answer: Frontier };
  readonly evaluation: { request: Named; answer: EvaluationReport };
  readonly embed: { request: EmbeddingsRequest; answer: EmbeddingsAnswer };
  readonly rerank: { request: RerankRequest; answer: RerankAnswer };
  readonly add: { request: Named & BulkRequest; answer: WriteAnswer };
  readonly addRaw: { request: RawDocuments; answer: WriteAnswer };
  readonly addFile: { request: RawFile; answer: FileAnswer };
  readonly remove: { request: RemoveRequest; answer: RemoveAnswer };
  readonly sync: { request: Named; answer: Record<string, unknown> };
  readonly compact: { request: Named & { full: boolean }; answer: Record<string, unknown> };
  readonly reencode: { request: Named & { encoder?: string | undefined }; answer: Record<string, unknown> };
  readonly verify: { request: Named; answer: Record<string, unknown> };
}
export type OperationName = keyof Operations;
export type RequestOf<Name extends OperationName> = Operations[Name]['request'];
export type AnswerOf<Name extends OperationName> = Operations[Name]['answer'];

export type JobProgress = NonNullable<Job['progress']>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: JobProgress) => void;
  /** Whether an aborted call is answered when its work has ended, rather than at once. Default false. */
  readonly untilEnded?: boolean;
}

/** What carries operations out: in this thread, or in a pool of others. */
export interface Engine {
  /** Names of the collections, in the order given. */
  readonly collections: readonly string[];
  call<Name extends OperationName>(
    name: Name,
    request: RequestOf<Name>,
    options?: CallOptions,
  ): Promise<AnswerOf<Name>>;
  /** The answer as JSON, for those who only pass it on. */
  callJson<Name extends OperationName>(
    name: Name,
    request: RequestOf<Name>,
    options?: CallOptions,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** @param late fires when what is not done is to be given up. Default: at once, or when it is done where nothing can be. */
  close(late?: AbortSignal): Promise<void>;
}

/** Where `sagitta plan` leaves what it measured, unless it is told otherwise. */
export function planFile({ directory }: ServedCollection): string {
  return join(directory, 'plan.json');
}

/** Where `sagitta eval --in` leaves what it found. */
export function evaluationFile({ directory }: Pick<ServedCollection, 'directory'>): string {
  return join(directory, 'evaluation.json');
}

/** What no collection needs to be opened for. */
export function baseCapabilities(collection: ServedCollection, readOnly: boolean): Capabilities {
  return {
    retrievers: ['bm25'],
    write: !readOnly,
    sync: !readOnly && (collection.sources?.length ?? 0) > 0,
    frontier: existsSync(planFile(collection)),
    evaluation: existsSync(evaluationFile(collection)),
    relevance: false,
    originals: (collection.sources?.length ?? 0) > 0,
    pipelines: [],
  };
}
