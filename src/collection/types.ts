import type { ReadLimits } from '../ingest/index.ts';
import type { IngestFailure, IngestNote, SkippedGroup } from '../ingest/types.ts';
import type { RelevanceCut, SearchHit, SearchOptions, SearchResult } from '../search/index.ts';
import type { CompactReport } from '../store/types.ts';

export interface IndexProgress {
  readonly phase: 'reading' | 'publishing' | 'compacting';
  /** Documents read so far, unchanged ones included. */
  readonly documents: number;
  /** Passages added so far. */
  readonly passages: number;
  /** Documents that are durable and visible to searches. */
  readonly published: number;
  /** What is being read. */
  readonly path?: string;
}

/** Options shared by everything that adds documents. */
export interface AddOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IndexProgress) => void;
}

/** Options of {@link Collection.index}. */
export interface IndexOptions extends AddOptions, ReadLimits {
  /** Only files that match one of these patterns (`.gitignore` syntax). Default: all. */
  readonly include?: readonly string[];
  /** No files that match one of these. */
  readonly exclude?: readonly string[];
  /** Read what `.gitignore` and the built-in rules would skip (`node_modules`, hidden files). Default false. */
  readonly noIgnore?: boolean;
  /** Largest file, in bytes, for formats that are not read line by line. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Remove documents whose file no longer exists under the given paths. Default true. */
  readonly prune?: boolean;
}

/** What a run of indexing did. */
export interface IndexReport extends IndexOutcome {
  /** What the collection now holds. */
  readonly documents: number;
  readonly passages: number;
}

/** The part of an {@link IndexReport} that the run itself knows. */
export interface IndexOutcome {
  readonly added: number;
  readonly updated: number;
  readonly moved: number;
  readonly unchanged: number;
  readonly removed: number;
  /** Files passed over because they are not text, empty, or made by machines for machines. */
  readonly skipped: number;
  /** The same by reason and extension, the most frequent first. */
  readonly skippedFiles: readonly SkippedGroup[];
  readonly failures: readonly IngestFailure[];
  /** Documents written in which no search can find anything, since they hold no word. */
  readonly unsearchable: number;
  /** Passages written that are longer than the encoder reads and could not be divided: their vectors do not know their ends. */
  readonly cut: number;
  /** What readers left out of files that they read, or repaired; of files read in this run. */
  readonly notes: readonly IngestNote[];
  /** Passages written. */
  readonly passagesAdded: number;
  /** Present when the run merged segments at its end. */
  readonly compaction?: CompactReport;
  readonly tookMs: number;
}

/** Options of {@link Collection.searchRelevant}; a pipeline ends before the cut. Default: `hybrid`, or `bm25` without an encoder. */
export interface RelevantOptions extends Omit<SearchOptions, 'retriever' | 'vector' | 'weights' | 'fusion'> {
  /** Hits of at least this probability are kept, 0 to 1; 0 keeps all and says how relevant each is. Default: what was learned. */
  readonly least?: number;
}

/** Hits that are probably relevant, perhaps none. */
export interface RelevantResult extends Omit<SearchResult, 'hits' | 'shortfall' | 'relevance'> {
  readonly hits: readonly (SearchHit & {
    /** Probability that it is relevant. */
    readonly relevance: number;
  })[];
  readonly relevance: RelevanceCut;
}
