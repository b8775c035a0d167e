import { Random } from '../../src/base/random.ts';
import type { Vectors } from '../../src/base/vectors.ts';
import type { Lab } from '../grading/lab.ts';
import { contentOf, sourcesOf, vectorsOf } from './embeddings.ts';

/** Requests of users and the tools that serve them (MetaTool), with vectors: two kinds of text, many requests a tool. */
export interface Requests {
  readonly texts: readonly string[];
  readonly vectors: Vectors;
  /** Number of the tool that serves each request. */
  readonly tool: readonly number[];
  /** Number of a request by its id. */
  readonly rows: ReadonlyMap<string, number>;
  readonly toolTexts: readonly string[];
  readonly toolVectors: Vectors;
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * Up to so many requests of each tool, drawn once and for all; no two of the same text.
 * @param most tools: those with the most requests. Default: all. @throws NeedsData.
 */
export function requestsOf(lab: Lab, perTool: number, most = Number.POSITIVE_INFINITY): Promise<Requests> {
  return lab.once(`requests ${perTool} ${most}`, async () => {
    const collection = await lab.collection('metatool');
    const numbers = new Map<string, number>();
    const toolTexts: string[] = [];
    for await (const document of collection.documents()) {
      numbers.set(document.id, toolTexts.length);
      toolTexts.push(contentOf(document));
    }
    const counts = new Uint32Array(toolTexts.length);
    const toolOf = (id: string) => numbers.get([...collection.judgements.get(id)!.keys()][0]!)!;
    const totals = new Uint32Array(toolTexts.length);
    for (const id of collection.judgements.keys()) totals[toolOf(id)]!++;
    const kept = new Set([...totals.keys()].sort((a, b) => totals[b]! - totals[a]!).slice(0, most));
    const seen = new Set<string>();
    const chosen: { id: string; text: string; tool: number }[] = [];
    for (const id of new Random(29).shuffle([...collection.judgements.keys()])) {
      const text = collection.queries.get(id)!;
      const tool = toolOf(id);
      const key = text.toLowerCase().replace(/\W+/g, ' ').trim();
      if (seen.has(key) || !kept.has(tool) || counts[tool]! >= perTool) continue;
      seen.add(key);
      counts[tool]!++;
      chosen.push({ id, text, tool });
    }
    // Once more: the last ones taken are of rare tools.
    new Random(18).shuffle(chosen);
    const texts = chosen.map(({ text }) => text);
    return {
      texts,
      vectors: await vectorsOf(lab, texts, 'query'),
      tool: chosen.map(({ tool }) => tool),
      rows: new Map(chosen.map(({ id }, row) => [id, row])),
      toolTexts,
      toolVectors: await vectorsOf(lab, toolTexts, 'document'),
      sources: sourcesOf(collection),
    };
  });
}

/** Ids of MetaTool's tools, in the order of {@link Requests.toolTexts}. @throws NeedsData. */
export function toolIds(lab: Lab): Promise<readonly string[]> {
  return lab.once('tool ids', async () => {
    const ids: string[] = [];
    for await (const { id } of (await lab.collection('metatool')).documents()) ids.push(id);
    return ids;
  });
}
