import { z } from 'zod';
import {
  askAnswerSchema,
  collectionInfoSchema,
  completionsSchema,
  contextAnswerSchema,
  contextsSchema,
  documentListSchema,
  documentSchema,
  embeddingsAnswerSchema,
  evaluationReportSchema,
  facetsSchema,
  fileAnswerSchema,
  folderSchema,
  frontierSchema,
  judgedQuerySchema,
  judgementsSchema,
  mapHitsSchema,
  mapSchema,
  measureAnswerSchema,
  multiGetAnswerSchema,
  removeAnswerSchema,
  rerankAnswerSchema,
  searchAnswerSchema,
  suggestAnswerSchema,
  writeAnswerSchema,
} from '../../api/index.ts';
import { InvariantError } from '../../base/errors.ts';
import type { OperationName } from './types.ts';

/** What jobs report is for people; its fields are those of the engine's own reports. */
const report = z.record(z.string(), z.unknown());

/** What each operation answers: the schemas that the OpenAPI document shows. */
const ANSWERS: Readonly<Record<OperationName, z.ZodType>> = {
  search: searchAnswerSchema,
  context: contextAnswerSchema,
  ask: askAnswerSchema,
  get: documentSchema,
  multiGet: multiGetAnswerSchema,
  list: documentListSchema,
  info: collectionInfoSchema,
  folder: folderSchema,
  contexts: contextsSchema,
  facets: facetsSchema,
  suggest: suggestAnswerSchema,
  complete: completionsSchema,
  map: mapSchema,
  mapHits: mapHitsSchema,
  judgements: judgementsSchema,
  judge: judgedQuerySchema,
  measure: measureAnswerSchema,
  frontier: frontierSchema,
  evaluation: evaluationReportSchema,
  embed: embeddingsAnswerSchema,
  rerank: rerankAnswerSchema,
  add: writeAnswerSchema,
  addRaw: writeAnswerSchema,
  addFile: fileAnswerSchema,
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
