import { readFile } from 'node:fs/promises';
import { type EvaluationReport, evaluationReportSchema } from '../../api/index.ts';
import { CorruptFileError, NotFoundError } from '../../base/errors.ts';
import { shellWord } from '../../base/shell.ts';
import { shownLocation } from '../../store/index.ts';
import { evaluationFile, type ServedCollection } from './types.ts';

/** What `sagitta eval --in` found. @throws NotFoundError where it has not run; CorruptFileError for a file of another kind. */
export async function readEvaluation(served: ServedCollection): Promise<EvaluationReport> {
  let text: string;
  try {
    text = await readFile(evaluationFile(served), 'utf8');
  } catch (cause) {
    const remedy = `Run: sagitta eval TEST_COLLECTION --in ${shellWord(shownLocation(served.directory))}`;
    throw new NotFoundError('This collection was not evaluated.', remedy, { cause });
  }
  try {
    const { collection, queries, results } = JSON.parse(text);
    const shown = results.map(({ retriever, metrics }: Record<string, unknown>) => ({ retriever, metrics }));
    return evaluationReportSchema.parse({ collection, queries, results: shown });
  } catch (cause) {
    throw new CorruptFileError('evaluation.json', 'it is not an evaluation', 'Run `sagitta eval` again.', { cause });
  }
}
