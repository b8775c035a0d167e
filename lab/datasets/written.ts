import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { InvalidArgumentError } from '../../src/base/errors.ts';
import type { Turn } from '../../src/content/index.ts';
import type { LanguageModel } from '../../src/generate/index.ts';
import { ensemblePrompt, hydePrompt, partsPrompt, standalonePrompt } from '../../src/search/writing/prompts.ts';

/** What a large language model wrote for one query of a test collection; which of it there is depends on the collection. */
export interface Written {
  readonly id: string;
  /** A passage that would answer. */
  readonly hyde?: string;
  /** Reformulations by several instructions. */
  readonly reformulations?: readonly string[];
  /** What has to be looked up. */
  readonly parts?: readonly string[];
  /** The question without its conversation. */
  readonly standalone?: string;
}

/** A query that {@link writtenModel} is asked about. */
export interface WrittenQuery {
  readonly text: string;
  readonly turns: readonly Turn[];
  readonly written: Written;
}

/** What {@link writtenModel} writes for `hyde`, as pipelines say it. */
export const WRITTEN_AS = 'a passage of a document';
/** Queries that `expand(parts)` asks for. */
export const MOST_PARTS = 4;

/** How the entries of each file are read. */
const FILES: Readonly<
  Record<string, { readonly file: string; read(entry: Record<string, never>): Omit<Written, 'id'> }>
> = {
  scifact: { file: 'scifact', read: ({ hyde, keywords }) => ({ hyde, reformulations: keywords }) },
  metatool: { file: 'metatool_requests', read: ({ tool, keywords }) => ({ hyde: tool, reformulations: [keywords] }) },
  gorilla_apibench: { file: 'gorilla_apibench', read: ({ description }) => ({ hyde: description }) },
  clapnq_dev: { file: 'clapnq_dev', read: ({ rewrites }) => ({ reformulations: rewrites }) },
  hotpotqa_100: { file: 'hotpotqa_100', read: ({ closed_book, parts }) => ({ hyde: closed_book, parts }) },
  mtrag_un: {
    file: 'mtrag_un',
    read: ({ standalone, hyde, keywords }) => ({ standalone, hyde, reformulations: [keywords] }),
  },
};

/** What was written for the queries of a collection. @param folder `llm` of the data folder. @returns undefined where there is none. */
export function readWritten(name: string, folder: string): readonly Written[] | undefined {
  const source = FILES[name];
  const path = `${folder}/${source?.file}.jsonl`;
  if (source === undefined || !existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => {
    const entry = JSON.parse(line);
    return { id: entry.id, ...source.read(entry) };
  });
}

/** Hash of a file that a language model wrote, as a claim's material names its sources. */
export function writtenSource(folder: string, name: string): Record<string, string> {
  const { file } = FILES[name]!;
  const hash = createHash('sha256')
    .update(readFileSync(`${folder}/${file}.jsonl`))
    .digest('hex');
  return { [`llm/${file}.jsonl`]: hash };
}

/**
 * A language model that answers the prompts of `expand` and `rewrite` with what a large one wrote for the same purpose (by prompts of its own; the data folder has them), as from a
 * cache. It refuses every other prompt, so that nothing is measured that was not written.
 */
export function writtenModel(queries: readonly WrittenQuery[]): LanguageModel {
  const answers = new Map<string, string>();
  for (const { text, turns, written } of queries) {
    const { hyde, reformulations = [], parts, standalone } = written;
    if (standalone !== undefined) answers.set(standalonePrompt(turns, text), standalone);
    // Steps before a rewriting are asked about the rewritten question.
    for (const query of standalone === undefined ? [text] : [text, standalone]) {
      if (hyde !== undefined) answers.set(hydePrompt(query, WRITTEN_AS), hyde);
      for (const [i, words] of reformulations.entries()) answers.set(ensemblePrompt(query, i), words);
      if (parts !== undefined) answers.set(partsPrompt(query, MOST_PARTS), parts.join('\n'));
    }
  }
  return {
    id: 'written',
    async *generate(prompt) {
      const answer = answers.get(prompt as string);
      if (answer === undefined) {
        const shown = JSON.stringify(prompt).slice(0, 200);
        throw new InvalidArgumentError(`Nothing was written for ${shown}.`, 'Ask for what the data folder holds.');
      }
      yield answer;
    },
  };
}
