import { z } from 'zod';
import {
  collectionInfoSchema,
  contextsSchema,
  documentListSchema,
  documentSchema,
  embeddingsAnswerSchema,
  evaluationReportSchema,
  facetsSchema,
  folderSchema,
  frontierSchema,
  mapSchema,
  multiGetAnswerSchema,
  removeAnswerSchema,
  rerankAnswerSchema,
  searchAnswerSchema,
  writeAnswerSchema,
} from '../../api/index.ts';
import { InvariantError } from '../../base/errors.ts';
import type { OperationName } from './types.ts';

/** What jobs report is for people; its fields are those of the engine's own reports. */
const report = z.record(z.string(), z.unknown());

/** What each operation answers: the schemas that the OpenAPI document shows. */
const ANSWERS: Readonly<Record<OperationName, z.ZodType>> = {
  search: searchAnswerSchema,
  get: documentSchema,
  multiGet: multiGetAnswerSchema,
  list: documentListSchema,
  info: collectionInfoSchema,
  folder: folderSchema,
  contexts: contextsSchema,
  facets: facetsSchema,
  map: mapSchema,
  frontier: frontierSchema,
  evaluation: evaluationReportSchema,
  embed: embeddingsAnswerSchema,
  rerank: rerankAnswerSchema,
  add: writeAnswerSchema,
  addRaw: writeAnswerSchema,
  remove: removeAnswerSchema,
  sync: report,
  compact: report,
  reencode: report,
  verify: report,
};

/** Holds an answer to its schema before anyone sees it. @throws InvariantError that names what differs: a fault of the server. */
export function checkAnswer(name: OperationName, answer: unknown): void {
  const { error } = ANSWERS[name].safeParse(answer);
  if (error === undefined) return;
  const [first] = error.issues;
  throw new InvariantError(
    `the answer of "${name}" differs from its schema at /${first!.path.join('/')}: ${first!.message}`,
  );
}
