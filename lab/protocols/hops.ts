import { readFileSync } from 'node:fs';
import { bridge, followHops, gatherEvidence, modelHop, type NextQuestion } from '../../src/answer/index.ts';
import type { LanguageModel } from '../../src/generate/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { type Searchable, searchable } from './pipelines.ts';

/** What a large language model said after it had read five passages for a question of two hops. */
interface Read {
  readonly next_query: string;
  readonly summary: string;
  readonly enough: boolean;
}

/** Questions of two hops (HotpotQA), what they need, and what a model said on the way. */
export interface HopQuestions extends Searchable {
  readonly read: ReadonlyMap<string, Read>;
}

/** @throws NeedsData. */
export function hopQuestions(lab: Lab): Promise<HopQuestions> {
  return lab.once('hop questions', async () => {
    const data = await searchable(lab, 'hotpotqa_100', { models: {} });
    const text = readFileSync(`${lab.folder('llm')}/hotpotqa_100.jsonl`, 'utf8');
    const entries = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Read & { readonly id: string });
    return {
      ...data,
      read: new Map(entries.map((entry) => [entry.id, entry])),
    };
  });
}

/** How a question is asked again. */
export interface HopSide {
  readonly name: string;
  /** Nothing: one search. */
  readonly next?: (read: Read, another: Read) => NextQuestion;
  /** Pipelines that are tried. */
  readonly pipelines: readonly string[];
}

/** A model that says one thing, whatever it is asked. */
function saying(text: string): LanguageModel {
  return {
    id: 'what was said',
    async *generate() {
      yield text;
    },
  };
}

export const NEXT = {
  names: () => bridge(),
  gap: ({ enough, next_query: next }: Read) =>
    modelHop(saying(enough || next === '' ? 'ENOUGH' : next), { how: 'gap' }),
  draft: ({ summary }: Read) => modelHop(saying(summary), { how: 'draft' }),
  'draft of another': (_: Read, { summary }: Read) => modelHop(saying(summary), { how: 'draft' }),
} as const;

/** Passages that count. */
const TOP = 10;

/** A claim about the share of supporting passages among the first ten; nothing in it is random. */
export function hopClaim(claim: Said & Sides<HopSide>): ComparativeClaim {
  return comparison<HopSide, HopSide, ReadonlyMap<string, number>, readonly string[]>(
    claim,
    'recall@10 of supporting passages',
    async (lab) => {
      const { corpus, queries, judgements, sources, read } = await hopQuestions(lab);
      const ids = [...queries.keys()];
      return {
        material: {
          truth: new Map(ids.map((id) => [id, judgements.get(id)!])),
          sources,
          measure: (truth, found) => found.filter((id) => truth.has(id)).length / truth.size,
        },
        contestant: ({ name, next, pipelines }) => ({
          name,
          configs: pipelines.map((pipeline) => ({ pipeline })),
          ...(pipelines.length === 1 ? { untunable: true } : {}),
          fit: async ({ pipeline }) => ({
            answer: async (unit) => {
              const looking = { k: TOP, syntax: false, pipeline: String(pipeline) };
              const first = await gatherEvidence(corpus, queries.get(unit)!, looking, {});
              if (next === undefined) return first.evidence.map(({ id }) => id);
              const other = ids[(ids.indexOf(unit) + 1) % ids.length]!;
              const asked = next(read.get(unit)!, read.get(other)!);
              const { evidence } = await followHops(first, corpus, asked, { hops: 2 }, 0);
              return evidence.slice(0, TOP).map(({ id }) => id);
            },
          }),
        }),
      };
    },
    [],
  );
}
