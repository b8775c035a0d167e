import { join } from 'node:path';
import { readAnswerKey, type TestDocument } from '../../src/eval/index.ts';
import { documentsOf, sourcesOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';

/** A question with right answers of a few words, and the documents that answer it. */
export interface ShortAnswer {
  readonly id: string;
  readonly text: string;
  readonly answers: readonly string[];
  readonly relevant: readonly string[];
}

/** Documents, and questions about them. */
export interface ShortAnswers {
  readonly documents: readonly TestDocument[];
  readonly questions: readonly ShortAnswer[];
  readonly sources: Readonly<Record<string, string>>;
}

/** Questions of a smoke test, of each collection. */
const QUICK = 60;

/** XQuAD in English, or HotpotQA's sample; without questions for yes or no. @throws NeedsData. */
export async function shortAnswers(lab: Lab, name: 'xquad' | 'hotpotqa_100'): Promise<ShortAnswers> {
  const files = name === 'xquad' ? { corpus: 'corpus.en.jsonl', queries: 'queries.en.jsonl' } : {};
  const collection = await lab.collection(name, files);
  const key = await readAnswerKey(join(lab.folder(name), files.queries ?? 'queries.jsonl'));
  const asked = key.filter(
    ({ id, answers }) => collection.judgements.has(id) && !/^(?:yes|no)$/i.test(answers[0] ?? ''),
  );
  const step = Math.max(1, Math.floor(asked.length / lab.pick(QUICK, Number.POSITIVE_INFINITY)));
  return {
    documents: await documentsOf(lab, collection, collection.documentIds),
    questions: asked
      .filter((_, i) => i % step === 0)
      .map(({ id, text, answers }) => ({ id, text, answers, relevant: [...collection.judgements.get(id)!.keys()] })),
    sources: sourcesOf(collection),
  };
}
