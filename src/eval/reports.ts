import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { DataFormatError, NotFoundError } from '../base/errors.ts';

/** What `sagitta eval --json` says of one collection, as far as choosing collections needs it. */
export interface EvaluationReport {
  readonly collection: string;
  /** Means by system and metric. */
  readonly systems: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

/**
 * Reads what `eval --json` printed, or wrote beside a page. Dense and hybrid systems are named with their encoder, where it is known.
 *
 * @throws NotFoundError; DataFormatError for anything else.
 */
export async function readEvaluation(path: string): Promise<EvaluationReport> {
  if (!existsSync(path)) {
    throw new NotFoundError(`There is no file ${path}.`, 'Name files that `sagitta eval --json` made.');
  }
  if (statSync(path).isDirectory()) {
    throw new DataFormatError(path, 'it is a folder', 'Name a file in it that `sagitta eval --json` made.');
  }
  try {
    const { collection, encoder, results } = JSON.parse(await readFile(path, 'utf8')) as {
      collection: string;
      encoder?: string;
      results: { retriever: string; metrics: Record<string, number> }[];
    };
    if (typeof collection !== 'string') throw new TypeError('no collection');
    const named = results.map(({ retriever, metrics }) => {
      if (typeof retriever !== 'string' || typeof metrics !== 'object') throw new TypeError('no results');
      const lexical = retriever === 'bm25' || encoder === undefined;
      return [lexical ? retriever : `${retriever} ${encoder}`, metrics] as const;
    });
    return { collection, systems: new Map(named) };
  } catch (cause) {
    const remedy = 'Give a file that `sagitta eval --json` printed.';
    throw new DataFormatError(path, 'it is not an evaluation', remedy, { cause });
  }
}
