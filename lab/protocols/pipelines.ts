import { Vectors } from '../../src/base/vectors.ts';
import type { EncodeOptions, Encoder, TokenEncoder } from '../../src/encode/index.ts';
import { openEncoder } from '../../src/encode/index.ts';
import type { Judgements } from '../../src/eval/index.ts';
import { type MemoryCorpus, memoryCorpus, rankCorpus, type SearchEnvironment } from '../../src/search/index.ts';
import { documentsOf, sourcesOf } from '../datasets/embeddings.ts';
import { readWritten, type Written, writtenModel, writtenSource } from '../datasets/written.ts';
import { type Lab, NeedsData } from '../grading/lab.ts';
import type { ComparativeClaim, Contestant } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { listValue } from './list-value.ts';

/** A collection that pipelines search, as a user's is searched. */
export interface Searchable {
  readonly corpus: MemoryCorpus;
  readonly environment: SearchEnvironment;
  /** Texts by id. */
  readonly queries: ReadonlyMap<string, string>;
  readonly judgements: Judgements;
  readonly sources: Readonly<Record<string, string>>;
}

/** Which collection, and what is in it. */
export interface SearchableOptions {
  /** What was written for a query, as a model of this name says it; a query for which nothing was written is left out. Default: nothing, for none. */
  readonly models?: Readonly<Record<string, (written: Written) => Written>>;
  /** Whether it has `tokens` as well, by the shipped projection. Default false. */
  readonly tokens?: boolean;
}

/** Queries of a smoke test. */
const QUICK = 60;

/** A collection in memory with `words` and `meaning`, by the lab's encoder. @throws NeedsData. */
export function searchable(lab: Lab, name: string, options: SearchableOptions = {}): Promise<Searchable> {
  const { models = {}, tokens = false } = options;
  const isWritten = Object.keys(models).length > 0;
  return lab.once(`searchable ${name} ${tokens} ${Object.keys(models).join()}`, async () => {
    const collection = await lab.collection(name);
    const folder = lab.folder('llm');
    const written = isWritten ? readWritten(name, folder) : [];
    if (written === undefined)
      throw new NeedsData(`Nothing was written for ${name} in ${folder}.`, 'Set SAGITTA_DATA.');
    const ids = isWritten ? written.map(({ id }) => id) : [...collection.queries.keys()];
    const judgedIds = ids
      .filter((id) => collection.queries.has(id) && collection.judgements.has(id))
      .slice(0, lab.pick(QUICK, Number.POSITIVE_INFINITY));
    const queries = new Map(judgedIds.map((id) => [id, collection.queries.get(id)!]));
    const judged = new Set(judgedIds.flatMap((id) => [...collection.judgements.get(id)!.keys()]));
    const documents = await documentsOf(lab, collection, judged);
    const known = written.filter(({ id }) => queries.has(id));
    const languageModels = Object.entries(models).map(([model, says]) => {
      const asked = known.map((one) => ({ text: queries.get(one.id)!, turns: [], written: says(one) }));
      return { name: model, open: () => writtenModel(asked) };
    });
    const encoder = await keptEncoder(lab);
    return {
      corpus: await memoryCorpus(documents, [
        { name: 'words', kind: 'terms' },
        { name: 'meaning', kind: 'vector', encoder },
        ...(tokens ? [{ name: 'tokens', kind: 'vectors', encoder: await tokenEncoder(lab) } as const] : []),
      ]),
      environment: { extensions: { languageModels } },
      queries,
      judgements: collection.judgements,
      sources: { ...sourcesOf(collection), ...(isWritten ? writtenSource(folder, name) : {}) },
    };
  });
}

/** Texts of a call whose vectors are kept on disk; those of fewer are kept in memory. */
const MANY = 32;

/** The lab's encoder, which makes each vector once. */
export function keptEncoder(lab: Lab): Promise<Encoder> {
  return lab.once('kept encoder', async () => {
    const encoder = await openEncoder(lab.encoder);
    const known = new Map<string, Promise<Vectors>>();
    return {
      ...encoder,
      async encode(inputs: readonly string[], options: EncodeOptions = {}) {
        const { role = 'document' } = options;
        if (inputs.length >= MANY)
          return lab.vectors(['texts', role, ...inputs], () => encoder.encode(inputs, { role }));
        const rows = inputs.map((text) => {
          const key = `${role} ${text}`;
          if (!known.has(key)) known.set(key, encoder.encode([text], { role }));
          return known.get(key)!;
        });
        return inputs.length === 0 ? Vectors.zeros(0, encoder.dim) : Vectors.concat(await Promise.all(rows));
      },
    };
  });
}

/** Token vectors by the shipped projection. */
function tokenEncoder(lab: Lab): Promise<TokenEncoder> {
  return lab.once('token encoder', async () => (await openEncoder('late')) as Encoder & TokenEncoder);
}

/** What searches: the best on development queries of some pipelines. */
export interface PipelineSide {
  readonly name: string;
  readonly pipelines: readonly string[];
}

/** A side by one pipeline, or by those that it is tuned over. */
export function by(name: string, ...pipelines: readonly string[]): PipelineSide {
  return { name, pipelines };
}

/** What a claim about pipelines says. */
export interface PipelineClaim extends Said, Sides<PipelineSide> {
  /** Default `ndcg@10`. */
  readonly metric?: 'ndcg@10' | 'recall@100' | 'recall@5' | 'map@100' | 'complete@10';
  readonly data: (lab: Lab) => Promise<Searchable>;
}

/** Documents of a ranking. */
const DEPTH = 100;

/** A claim about what pipelines find; nothing in them is random. */
export function pipelineClaim({ data, metric = 'ndcg@10', ...claim }: PipelineClaim): ComparativeClaim {
  return comparison<PipelineSide, PipelineSide, ReadonlyMap<string, number>, readonly string[]>(
    claim,
    metric,
    async (lab) => {
      const found = await data(lab);
      return {
        material: {
          truth: new Map([...found.queries.keys()].map((id) => [id, found.judgements.get(id)!])),
          sources: found.sources,
          measure: (truth, ids) => listValue(metric, truth, ids),
        },
        contestant: (side) => contestantOf(found, side),
      };
    },
    [],
  );
}

function contestantOf(
  { corpus, environment, queries }: Searchable,
  { name, pipelines }: PipelineSide,
): Contestant<ReadonlyMap<string, number>, readonly string[]> {
  return {
    name,
    configs: pipelines.map((pipeline) => ({ pipeline })),
    ...(pipelines.length === 1 ? { untunable: true } : {}),
    fit: async ({ pipeline }) => ({
      answer: async (unit) => {
        const options = { pipeline: String(pipeline), k: DEPTH, syntax: false };
        return (await rankCorpus(corpus, queries.get(unit)!, options, environment)).ids;
      },
    }),
  };
}
