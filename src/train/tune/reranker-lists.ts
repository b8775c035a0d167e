import { embeddingText } from '../../corpus/index.ts';
import type { SearchEnvironment } from '../../search/index.ts';
import type { SnapshotCorpus } from '../../store/corpus.ts';
import type { CrossExample } from '../train-cross.ts';
import { passagesFound } from './corpus.ts';
import type { TuneExample } from './examples.ts';

/** Candidates of a query that its negatives are drawn from. */
const CANDIDATES = 30;

/** A passage that may be ranked again, with its document. */
export interface Candidate {
  readonly id: string;
  readonly text: string;
  readonly score: number;
}

/** What the live pipeline finds, as texts. */
export class RerankerLists {
  constructor(
    private readonly corpus: SnapshotCorpus,
    private readonly environment: SearchEnvironment,
    private readonly pipeline: string,
  ) {}

  /** Lists to learn from: of a relevant document that the pipeline found the passage that it found, else its first one. */
  async examples(queries: readonly TuneExample[]): Promise<CrossExample[]> {
    const candidates = await this.candidates(queries, CANDIDATES);
    const examples: CrossExample[] = [];
    for (const [i, { query, relevant, negatives: given = [] }] of queries.entries()) {
      const wanted = new Set(relevant);
      const found = candidates[i]!;
      const seen = new Set(found.map(({ id }) => id));
      const missing = [...wanted, ...given].filter((id) => !seen.has(id));
      const first = await this.#firstPassages(missing);
      const known = new Set(given);
      const all = [...found, ...first];
      examples.push({
        query,
        positives: all.filter(({ id }) => wanted.has(id)).map(({ text }) => text),
        negatives: all.filter(({ id }) => !wanted.has(id) || known.has(id)).map(({ text }) => text),
      });
    }
    return examples;
  }

  /** Candidates of each query, best first. */
  async candidates(queries: readonly TuneExample[], depth: number): Promise<readonly (readonly Candidate[])[]> {
    const rankings = await passagesFound(
      this.corpus,
      this.pipeline,
      this.environment,
      queries.map(({ query }) => query),
    );
    const lists: Candidate[][] = [];
    for (const ranking of rankings) {
      const hits = ranking.slice(0, depth);
      const texts = await this.#texts(hits.map(({ passage }) => passage));
      lists.push(hits.map(({ score }, i) => ({ ...texts[i]!, score })));
    }
    return lists;
  }

  async #firstPassages(ids: readonly string[]) {
    const passages: number[] = [];
    for (const id of ids) {
      const found = await this.corpus.find(id);
      if (found !== undefined && found.to > found.from) passages.push(found.from);
    }
    return this.#texts(passages);
  }

  async #texts(passages: readonly number[]): Promise<{ readonly id: string; readonly text: string }[]> {
    const read = await this.corpus.passages(passages);
    const documents = await this.corpus.documents(read.map(({ document }) => document));
    return read.map(({ headings, text }, i) => {
      const { id, title } = documents[i]!;
      return { id, text: embeddingText(title, headings, text) };
    });
  }
}
