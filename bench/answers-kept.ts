// Where right answers are lost when five passages are compressed to a share of their tokens: in the passages, in the choice of sentences, or with the reader. All of HotpotQA's sample but questions for yes or no;
// nothing is chosen by these figures. `npm run bench -- answers-kept [SHARE]`, 0.15 by default.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BuiltContext,
  buildContext,
  COMPRESSORS,
  type Evidence,
  gatherEvidence,
  readAnswer,
  renderContext,
  scoreSentences,
} from '../src/answer/index.ts';
import { openCollection } from '../src/collection/index.ts';
import { bootstrapInterval, holdsAnswer, readAnswerKey } from '../src/eval/index.ts';
import { mostTokens } from '../src/text/index.ts';
import { report } from './harness.ts';
import { dataFolder, mean, readCollection } from './lib-beir.ts';

const NAME = 'hotpotqa_100';
const share = Number(process.argv.slice(2).find((one) => /^0?\.\d+$/.test(one)) ?? 0.15);
const found = new Map<string, number[]>();
const add = (what: string, value: number | boolean): void => {
  found.set(what, [...(found.get(what) ?? []), Number(value)]);
};
/** Of answers that five passages hold. */
const KEPT = 'of these, kept by';

const folder = mkdtempSync(join(tmpdir(), 'sagitta-answers-kept-'));
try {
  const collection = await readCollection(NAME, {});
  if (collection === undefined) throw new Error(`There is no ${NAME}: set SAGITTA_DATA to the folder that holds it.`);
  await using index = await openCollection(folder, { create: true, encoder: 'minilm' });
  await index.add(collection.documents);
  const key = await readAnswerKey(join(dataFolder, NAME, 'queries.jsonl'));
  for (const { text: question, answers } of key.filter(({ answers: [one = ''] }) => !/^(?:yes|no)$/i.test(one))) {
    await index.read(async (corpus) => {
      const { query, evidence } = await gatherEvidence(corpus, question, { k: 5, syntax: false }, {});
      const holds = (text: string): boolean => holdsAnswer(text, answers);
      const whole = await buildContext(query, evidence, corpus, { compressor: 'passages', tokens: 100_000 });
      const is = holds(whole.text);
      add('answer in five passages', is);
      const tokens = Math.max(1, Math.round(share * whole.tokens));
      const few = await buildContext(query, evidence, corpus, { tokens });
      const { sentences, ...scored } = await scoreSentences(query, evidence, { corpus });
      const cost = ({ passage, start, end }: (typeof sentences)[number]): number =>
        mostTokens(evidence[passage]!.text.slice(start, end)) + labelOf(evidence[passage]!);
      const answering = sentences.filter(({ text }) => holds(text));
      if (is) {
        for (const compressor of COMPRESSORS) {
          const { text } = await buildContext(query, evidence, corpus, { tokens, compressor });
          add(`${KEPT} ${compressor}`, holds(text));
        }
        for (const more of [0.25, 0.35, 0.5]) {
          const { text } = await buildContext(query, evidence, corpus, { tokens: Math.round(more * whole.tokens) });
          add(`${KEPT} sentences, at ${100 * more} %`, holds(text));
        }
        add(
          `${KEPT} the right sentence alone`,
          answering.some((one) => cost(one) <= tokens),
        );
        const order = [...sentences].sort((a, b) => b.value - a.value);
        for (const first of [1, 2, 3, 5]) {
          add(
            `of these, among the first ${first} sentences by value`,
            order.slice(0, first).some(({ text }) => holds(text)),
          );
        }
      }
      const left = cutTo(few, evidence);
      const again = await scoreSentences(query, left, { corpus });
      for (const most of [1, 3]) {
        const said = (from: Parameters<typeof readAnswer>[0], of: readonly Evidence[]): boolean =>
          holds(
            readAnswer(from, of, 0, { sentences: most })
              .sentences.map(({ text }) => text)
              .join('\n'),
          );
        add(`reader of ${most}, from five passages`, said({ ...scored, sentences }, evidence));
        add(`reader of ${most}, from what is left`, left.length > 0 && said(again, left));
      }
      add('tokens of five passages', whole.tokens);
      add('tokens that may stay', tokens);
      add('sentences', sentences.length);
      add('tokens of a sentence under its title', mean(sentences.map(cost)));
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

report({
  name: 'answers-kept',
  threads: 2,
  columns: ['measure', 'value', '95 %', 'questions'],
  rows: [...found].map(([measure, values]) => {
    const { low, high } = bootstrapInterval(values);
    const digits = mean(values) > 2 ? 0 : 3;
    return {
      measure,
      value: mean(values).toFixed(digits),
      '95 %': `${low.toFixed(digits)} to ${high.toFixed(digits)}`,
      questions: String(values.length),
    };
  }),
  notes: [
    `${NAME}, five passages by hybrid search with minilm, ${100 * share} % of their tokens by the cautious count`,
  ],
});

/** Tokens of the line above a passage. */
function labelOf(evidence: Evidence): number {
  return mostTokens(`${renderContext([{ ...evidence, number: 10, parts: [] }], 'text')}\n\n`);
}

/** Passages, of which only what stands in a context is left. */
function cutTo({ passages }: BuiltContext, evidence: readonly Evidence[]): Evidence[] {
  return passages.map(({ id, parts }) => ({
    ...evidence.find((one) => one.id === id && one.start <= parts[0]!.start)!,
    text: parts.map(({ text }) => text).join('\n'),
  }));
}
