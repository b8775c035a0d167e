import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../../src/base/random.ts';
import { Vectors } from '../../../src/base/vectors.ts';
import { type Batch, toValue } from '../../../src/tensor/index.ts';
import { vectorsOf } from '../../datasets/embeddings.ts';
import type { Lab } from '../../grading/index.ts';
import type { Training } from '../../protocols/heads.ts';
import {
  examplesOf,
  knownAnswers,
  type Pairs,
  type PairTower,
  pairBatches,
  pairs,
  toolRequestPairs,
} from '../../protocols/pairs.ts';

/** Requests and tools; a tool has one description or two that say the same in other words. */
export interface ToolTask extends Pairs {
  /** Rows of `descriptions` of each tool; the first is the one that is ranked. */
  readonly descriptionsOf: readonly (readonly number[])[];
  readonly descriptions: Vectors;
}

/** Requests of MetaTool, split at random; all tools are ranked, by their short descriptions. */
export function toolTask(lab: Lab): Promise<ToolTask> {
  return lab.once('rzenembed tools', async () => {
    const requests = await toolRequestPairs(lab);
    const { documents } = requests;
    const long: { tool: number; text: string }[] = [];
    const lines = (await readFile(join(lab.folder('metatool'), 'corpus.jsonl'), 'utf8')).trim().split('\n');
    for (const [number, line] of lines.entries()) {
      const { text, metadata } = JSON.parse(line) as { text: string; metadata?: { model?: string } };
      if (metadata?.model !== undefined && metadata.model !== text) long.push({ tool: number, text: metadata.model });
    }
    const others = await vectorsOf(
      lab,
      long.map(({ text }) => text),
      'document',
    );
    return {
      ...requests,
      descriptions: Vectors.fromRows([
        ...Array.from({ length: documents.count }, (_, row) => documents.row(row)),
        ...Array.from({ length: others.count }, (_, row) => others.row(row)),
      ]),
      descriptionsOf: requests.documentIds.map((_, number) => [
        number,
        ...long.flatMap((one, i) => (one.tool === number ? [documents.count + i] : [])),
      ]),
    };
  });
}

/**
 * Batches of requests, each with either description of its tool. Nobody marks that several requests are for one tool, so that answers
 * in other words, or in the same, stand among the negatives. `known` marks them, for a control.
 */
export function requestBatches(data: ToolTask, size: number): Training<PairTower>['batch'] {
  const examples = examplesOf(data, 'train');
  return (random: Random): Batch => {
    const chosen = Array.from({ length: size }, () => examples[random.below(examples.length)]!);
    const rows = chosen.map(({ document }) => {
      const own = data.descriptionsOf[document]!;
      return own[random.below(own.length)]!;
    });
    return {
      queries: toValue(data.queries.pick(chosen.map(({ query }) => query))),
      documents: toValue(data.descriptions.pick(rows)),
      known: knownAnswers(data, chosen),
    };
  };
}

/** Three kinds of questions of different difficulty. */
export const taskNames = ['metatool', 'gorilla_apibench', 'tldr'] as const;

export async function tasks(lab: Lab): Promise<readonly Pairs[]> {
  return [
    await toolTask(lab),
    await pairs(lab, 'gorilla_apibench', lab.pick(300, Number.POSITIVE_INFINITY)),
    await pairs(lab, 'tldr', lab.pick(300, 3000)),
  ];
}

/** Batches of one task each, drawn with these weights; `task` `[n]` says which. */
export function mixedBatches(
  all: readonly Pairs[],
  weights: readonly number[],
  size: number,
): Training<PairTower>['batch'] {
  const each = all.map((data) => pairBatches(data, { size }));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return (random, step, progress): Batch => {
    let left = random.next() * total;
    let task = 0;
    while (task < weights.length - 1 && left >= weights[task]!) left -= weights[task++]!;
    return {
      ...each[task]!(random, step, progress),
      task: { data: new Int32Array(size).fill(task), shape: [size] },
    };
  };
}
