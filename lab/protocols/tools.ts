import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Requests, requestsOf } from '../datasets/requests.ts';
import type { Lab } from '../grading/lab.ts';
import type { Split } from '../grading/types.ts';
import { type Draw, type Items, lastLayer } from './learning.ts';
import { encoderLearner, examplesOf, headLearner, type Pairs, rowsOf } from './pairs.ts';

/** Which requests and tools of MetaTool, and how they are split. */
export interface ToolOptions {
  /** Most requests of a tool. Default 16. */
  readonly perTool?: number;
  /** Requests to train on. Default: all that are not for choosing or reporting. */
  readonly train?: number;
  /** `tools`: training names no tool that other requests ask for; all tools are ranked nevertheless. Default `requests`. */
  readonly apart?: 'requests' | 'tools';
  /** What is trained. Default: a head over frozen vectors. */
  readonly learn?: 'head' | 'encoder';
}

/** Requests for choosing and for reporting, which come first, so that they are the same however much is trained on. */
const JUDGED = { quick: [60, 60], full: [400, 800] } as const;

/** Requests and tools: two kinds of text; all tools are ranked. @throws NeedsData. */
export function toolPairs(lab: Lab, options: ToolOptions = {}): Promise<Pairs> {
  const { perTool = 16, train = Number.POSITIVE_INFINITY, apart = 'requests', learn = 'head' } = options;
  return lab.once(`tool pairs ${JSON.stringify([perTool, train, apart, learn])}`, async () => {
    const requests = await requestsOf(lab, lab.pick(3, perTool));
    const { vectors, tool, rows, toolVectors, texts, toolTexts, sources } = requests;
    const [dev, test] = JUDGED[lab.level];
    const byRequest = (row: number): Split | undefined =>
      row < test ? 'test' : row < test + dev ? 'dev' : row < test + dev + train ? 'train' : undefined;
    const byTool = (row: number): Split => {
      const place = tool[row]! % 5;
      return place < 2 ? 'train' : place === 2 ? 'dev' : 'test';
    };
    return {
      queryIds: [...rows.keys()],
      queries: vectors,
      documents: toolVectors,
      relevant: tool.map((number) => new Set([number])),
      splits: tool.map((_, row) => (apart === 'tools' ? byTool(row) : byRequest(row))),
      sources,
      learner: learn === 'head' ? headLearner(vectors, toolVectors) : await encoderLearner(lab, texts, toolTexts),
    };
  });
}

/** Which requests find other requests that the same tool serves. */
export interface SiblingOptions {
  /** Most requests of a tool. */
  readonly perTool: number;
  /** Tools: those with the most requests. Default: all. */
  readonly tools?: number;
  /** The split of a request by its number; without one it asks nothing. */
  readonly splitOf: (row: number) => Split | undefined;
  /** Whether a request is one of those that are found. */
  readonly isFound: (row: number) => boolean;
  /** How many of its answers a training request is told. Default: all. */
  readonly told?: (count: number) => number;
  readonly learn?: 'head' | 'encoder';
}

/** Pairs of texts with classes. */
export interface Siblings extends Pairs {
  readonly all: Requests;
  /** The class of each query and of each document. */
  readonly classes: { readonly queries: readonly number[]; readonly documents: readonly number[] };
}

/** Requests as texts of classes, the tools: several requests answer each. A request is no answer to itself. @throws NeedsData. */
export function siblingPairs(lab: Lab, key: string, options: SiblingOptions): Promise<Siblings> {
  return lab.once(`sibling pairs ${key}`, async () => {
    const { splitOf, isFound, told, learn = 'head' } = options;
    const all = await requestsOf(lab, options.perTool, options.tools);
    const rows = [...all.rows.values()];
    const pool = rows.filter(isFound);
    const byTool = new Map<number, number[]>();
    for (const [place, row] of pool.entries())
      byTool.set(all.tool[row]!, [...(byTool.get(all.tool[row]!) ?? []), place]);
    const answers = (row: number) => (byTool.get(all.tool[row]!) ?? []).filter((place) => pool[place] !== row);
    const asking = rows.filter(
      (row) => splitOf(row) !== undefined && answers(row).length >= (told === undefined ? 1 : 2),
    );
    const relevant = asking.map((row) => new Set(answers(row)));
    const [queries, documents] = [all.vectors.pick(asking), all.vectors.pick(pool)];
    const ids = [...all.rows.keys()];
    return {
      all,
      classes: { queries: asking.map((row) => all.tool[row]!), documents: pool.map((row) => all.tool[row]!) },
      queryIds: asking.map((row) => ids[row]!),
      queries,
      documents,
      relevant,
      ...(told === undefined
        ? {}
        : { seen: relevant.map((own) => new Set([...own].slice(0, Math.max(1, told(own.size))))) }),
      splits: asking.map(splitOf),
      sources: all.sources,
      learner:
        learn === 'head'
          ? headLearner(queries, documents)
          : await encoderLearner(
              lab,
              asking.map((row) => all.texts[row]!),
              pool.map((row) => all.texts[row]!),
            ),
    };
  });
}

/** Requests and tools; a tool has one description or two that say the same in other words. */
export interface DescribedTools extends Pairs {
  readonly descriptions: Items;
  /** Rows of the descriptions of each tool. */
  readonly of: readonly (readonly number[])[];
}

/** Tools with their long descriptions beside the short ones, which are ranked. MiniLM's last layer learns. @throws NeedsData. */
export function describedTools(lab: Lab): Promise<DescribedTools> {
  return lab.once('described tools', async () => {
    const data = await toolPairs(lab, { perTool: 12, learn: 'encoder' });
    const { toolTexts } = await requestsOf(lab, lab.pick(3, 12));
    const lines = (await readFile(join(lab.folder('metatool'), 'corpus.jsonl'), 'utf8')).trim().split('\n');
    const of = toolTexts.map((_, number) => [number]);
    const texts = [...toolTexts];
    for (const [number, line] of lines.entries()) {
      const { text, metadata } = JSON.parse(line) as { text: string; metadata?: { model?: string } };
      if (metadata?.model !== undefined && metadata.model !== text) of[number]!.push(texts.push(metadata.model) - 1);
    }
    return { ...data, of, descriptions: await (await lastLayer(lab)).items(texts, 'document') };
  });
}

/**
 * Batches of requests, each with either description of its tool. Nobody marks that several requests are for one tool, so that answers in other
 * words, or in the same, stand among the negatives; `relevant` marks them, for a control.
 */
export function unmarked(data: Pairs, size: number): Draw {
  const { descriptions, of } = data as DescribedTools;
  const examples = examplesOf(data);
  return (random) => {
    const chosen = Array.from({ length: size }, () => examples[random.below(examples.length)]!);
    const rows = chosen.map(({ document }) => of[document]![random.below(of[document]!.length)]!);
    const relevant = new Float32Array(size * size);
    chosen.forEach(({ query }, i) => {
      chosen.forEach(({ document }, j) => {
        if (data.relevant[query]!.has(document)) relevant[i * size + j] = 1;
      });
    });
    return {
      lists: {
        queries: { of: data.learner.queries, rows: chosen.map(({ query }) => query) },
        documents: { of: descriptions, rows },
      },
      arrays: { relevant: { data: relevant, shape: [size, size] } },
    };
  };
}

/** Requests as texts of classes: half to learn from and to find, the rest to choose and report on. MiniLM's last layer learns. */
export function classPairs(lab: Lab, perTool: number, tools?: number): Promise<Siblings> {
  return siblingPairs(lab, `classes ${perTool} ${tools}`, {
    perTool,
    ...(tools === undefined ? {} : { tools }),
    isFound: (row) => row % 2 === 0,
    splitOf: (row) => (row % 2 === 0 ? 'train' : row % 6 === 1 ? 'dev' : 'test'),
    learn: 'encoder',
  });
}

/** What stands against a text: its own negatives, of other classes; also what else is in the batch; or that as far as it is of other classes. */
export type Negatives = 'own' | 'batch' | 'other classes';

/** Queries of a batch, and texts of other classes that each brings. */
const [SIZE, OWN] = [20, 4];

/**
 * Batches of texts, each with one of the same class and others of other classes; `exclude` marks what is no negative of a text. With its own alone
 * this is `ownNegativesNCE`.
 */
export function labelledDraw(data: Pairs, negatives: Negatives): Draw {
  const { relevant, learner, documents, classes } = data as Siblings;
  const isSame = (query: number, document: number) => classes.queries[query] === classes.documents[document];
  const queries = rowsOf(data, 'train').filter((query) => relevant[query]!.size > 0);
  return (random) => {
    const chosen = Array.from({ length: SIZE }, () => queries[random.below(queries.length)]!);
    const positives = chosen.map((query) => [...relevant[query]!][random.below(relevant[query]!.size)]!);
    const foreign = chosen.flatMap((query) =>
      Array.from({ length: OWN }, () => {
        for (;;) {
          const other = random.below(documents.count);
          if (!isSame(query, other)) return other;
        }
      }),
    );
    const rows = [...positives, ...foreign];
    const exclude = new Float32Array(SIZE * rows.length);
    chosen.forEach((query, i) => {
      rows.forEach((other, j) => {
        const isOwn = j >= SIZE ? Math.floor((j - SIZE) / OWN) === i : j === i;
        const isLeftOut = negatives === 'own' ? !isOwn : negatives === 'other classes' && isSame(query, other);
        if (j !== i && isLeftOut) exclude[i * rows.length + j] = 1;
      });
    });
    return {
      lists: { queries: { of: learner.queries, rows: chosen }, documents: { of: learner.documents, rows } },
      arrays: { exclude: { data: exclude, shape: [SIZE, rows.length] } },
    };
  };
}
