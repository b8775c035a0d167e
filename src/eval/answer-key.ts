import { DataFormatError } from '../base/errors.ts';
import { idField, parseObject, textField } from './fields.ts';
import { forEachLine } from './lines.ts';

/** A question, and what is right. */
export interface KeyedQuestion {
  readonly id: string;
  readonly text: string;
  /** Right answers, any of them; none where it is only known whether there is one. */
  readonly answers: readonly string[];
  /** Whether the documents answer it. */
  readonly answerable: boolean;
}

/**
 * Reads questions with their answers: JSONL with `_id`, `text` and `metadata` of `answers` (a list), or `answer` (a text), and `answerable` (default true). A question that is
 * answerable and has no answer is passed over; it says nothing.
 * @throws DataFormatError with the line, and where no question has an answer.
 */
export async function readAnswerKey(path: string): Promise<KeyedQuestion[]> {
  const questions: KeyedQuestion[] = [];
  await forEachLine(path, (line) => {
    const place = `${path}:${line.number}`;
    const object = parseObject(path, line);
    const text = textField(place, object, ['text', 'query']);
    if (text === undefined) throw new DataFormatError(place, 'there is no text', 'Give every question a text.');
    const { metadata = {} } = object as { metadata?: Record<string, unknown> };
    const told = metadata['answers'] ?? (metadata['answer'] === undefined ? [] : [metadata['answer']]);
    if (!Array.isArray(told) || told.some((one) => typeof one !== 'string')) {
      throw new DataFormatError(place, 'its answers are no texts', 'Give `metadata.answers` a list of texts.');
    }
    const answers = (told as string[]).filter((one) => one.trim() !== '');
    const answerable = metadata['answerable'] !== false;
    if (answerable && answers.length === 0) return;
    questions.push({ id: idField(place, object, ['_id', 'id']), text, answers, answerable });
  });
  if (questions.some(({ answerable }) => answerable)) return questions;
  throw new DataFormatError(path, 'no question has an answer', 'Give queries `metadata.answers`, a list of texts.');
}
