import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Vectors } from '../../src/base/vectors.ts';
import { meanOf, unitRows } from '../../src/math/index.ts';
import { vectorsOf } from '../datasets/embeddings.ts';
import { toolIds } from '../datasets/requests.ts';
import type { Lab } from '../grading/lab.ts';
import type { PairSide } from './pair-claims.ts';
import { examplesOf, type Pairs } from './pairs.ts';
import { scorer } from './rankings.ts';
import { type ToolOptions, toolPairs } from './tools.ts';

/** Requests and tools, with what a language model supposes that people say to each tool: it saw names and descriptions alone. */
export interface UsedTools extends Pairs {
  readonly supposed: readonly Vectors[];
}

/** @throws NeedsData. */
export function usedTools(lab: Lab, options: ToolOptions = {}): Promise<UsedTools> {
  return lab.once(`used tools ${JSON.stringify(options)}`, async () => {
    const data = await toolPairs(lab, options);
    const lines = (await readFile(join(lab.folder('llm'), 'metatool_tools.jsonl'), 'utf8')).trim().split('\n');
    const written = new Map(
      lines.map((line) => {
        const { id, requests } = JSON.parse(line) as { id: string; requests: string[] };
        return [id, requests];
      }),
    );
    const texts = (await toolIds(lab)).map((id) => written.get(id) ?? []);
    const all = await vectorsOf(lab, texts.flat(), 'query');
    let at = 0;
    const supposed = texts.map((own) => {
      at += own.length;
      return all.slice(at - own.length, at);
    });
    return { ...data, supposed };
  });
}

/** What a tool's vector is made of beside its description. */
export interface Uses {
  readonly name: string;
  /** Requests of training, at most so many of each tool. */
  readonly known?: number;
  /** What a language model supposes. */
  readonly supposed?: boolean;
  /** Shares of the description that are tried. */
  readonly shares: readonly number[];
}

/** Tools by the mean of the vectors of their uses, mixed with those of their descriptions; one without a use has its description alone. */
export function usesSide({ name, known = 0, supposed = false, shares }: Uses): PairSide {
  return (given) => {
    const data = given as UsedTools;
    return {
      name,
      configs: shares.map((share) => ({ share })),
      ...(shares.length === 1 ? { untunable: true } : {}),
      fit: async ({ share }) => {
        const uses: Float32Array[][] = data.supposed.map((own) =>
          supposed ? Array.from({ length: own.count }, (_, i) => own.row(i)) : [],
        );
        const counts = new Uint32Array(uses.length);
        for (const { query, document } of examplesOf(data)) {
          if (counts[document]!++ < known) uses[document]!.push(data.queries.row(query));
        }
        const { dim } = data.documents;
        const rows = uses.map((own, tool) => {
          const description = data.documents.row(tool);
          if (own.length === 0) return description;
          const mean = unitRows(Vectors.fromRows([meanOf(Vectors.fromRows(own, dim))], dim)).row(0);
          return description.map((value, c) => Number(share) * value + (1 - Number(share)) * mean[c]!);
        });
        return { answer: scorer(data, data.queries, unitRows(Vectors.fromRows(rows, dim))) };
      },
    };
  };
}
