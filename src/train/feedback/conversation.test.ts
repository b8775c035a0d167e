import { describe, expect, it } from 'vitest';
import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import type { Turn } from '../../content/index.ts';
import { fieldOf } from '../../corpus/index.ts';
import { nativeRuntime } from '../../encode/index.ts';
import { conversationWeights, conversationWords } from '../../search/feedback/conversation.ts';
import {
  CONVERSATION_SIGNALS,
  type ConversationModel,
  conversationFeedback,
  memoryCorpus,
  rankCorpus,
  readConversationModel,
  writeConversationModel,
} from '../../search/index.ts';
import { termsOf } from '../../search/represent.ts';
import { type ConversationTarget, learnConversation, type RewrittenQuestion } from './learn-conversation.ts';

const THINGS = ['kettle', 'ladder', 'lantern', 'mirror', 'needle', 'pillow', 'saddle', 'shovel', 'teapot', 'wallet'];
const PARTS = ['handle', 'colour', 'weight', 'price'];
const documents = THINGS.flatMap((thing) =>
  PARTS.map((part) => ({
    id: `${thing}-${part}`,
    title: '',
    text: `Of the ${thing} it is the ${part} that this page is about.`,
    language: 'en',
  })),
);
const corpus = await memoryCorpus(documents, [{ name: 'words', kind: 'terms' }]);

/** What is asked is the part; of which thing was said once, two turns ago, and then there was talk of another part. */
const talks = THINGS.flatMap((thing, i) =>
  PARTS.map((part, j) => {
    const other = PARTS[(j + 1) % PARTS.length]!;
    const turns: Turn[] = [
      { role: 'user', text: `Tell me about the ${thing}` },
      { role: 'assistant', text: `Gladly. Perhaps you also like a ${THINGS[(i + 3) % THINGS.length]}.` },
      { role: 'user', text: `No. What of its ${other}?` },
      { role: 'assistant', text: `The ${other} is as it should be.` },
    ];
    return { id: `${thing}-${part}`, query: `and the ${part}?`, turns, rewrites: [`${part} of the ${thing}`] };
  }),
);
const lessons = (from: number, to: number): Promise<RewrittenQuestion[]> =>
  Promise.all(
    talks.slice(from, to).map(async ({ id, ...talk }) => ({
      ...talk,
      language: 'en',
      relevant: [(await corpus.find(id))!.from],
    })),
  );
const found = async (pipeline: string, model?: ConversationModel): Promise<number> => {
  const extensions = model === undefined ? {} : { feedbacks: [conversationFeedback(model)] };
  let right = 0;
  for (const { id, query, turns } of talks.slice(24)) {
    const options = { pipeline, k: 1, language: 'en', turns };
    right += Number((await rankCorpus(corpus, query, options, { extensions })).ids[0] === id);
  }
  return right / talks.slice(24).length;
};
const WEIGHED = 'words > feedback(conversation, depth=1)';
const learned = async (target: ConversationTarget, width = 8, steps = 100) =>
  learnConversation(corpus, await lessons(0, 24), {
    runtime: await nativeRuntime(),
    threads: 1,
    target,
    width,
    window: { from: 2, to: 40 },
    steps,
    learningRate: 0.03,
  });

describe('weights of a conversation', () => {
  it.each(['scores', 'words', 'labels'] as const)(
    'are learned from %s, and find what a rewritten question would',
    async (target) => {
      const model = await learned(target);
      expect(await found(WEIGHED, model)).toBe(1);
      expect(await found('words')).toBeLessThan(0.3);
      expect(await found('words > rewrite(turns)')).toBeLessThan(1);
    },
  );

  it('serve as they were trained: those of the words of rewrites come near to 1, all others to 0', async () => {
    const field = fieldOf(corpus, 'words', ['terms'], 'This');
    const model = await learned('words', 4, 500);
    for (const { query, turns, rewrites } of talks.slice(24)) {
      const asked = { content: query, turns, language: 'en' };
      const weights = conversationWeights(model, await conversationWords(corpus, field, asked));
      const wanted = termsOf(field, { content: rewrites[0]!, language: 'en' }).map(({ term }) => term);
      for (const term of wanted) expect(weights.find((one) => one.term === term)?.weight).toBeGreaterThan(0.6);
      for (const { term, weight } of weights) if (!wanted.includes(term)) expect(weight).toBeLessThan(0.4);
    }
  });

  it('are written and read, and the same for the same seed', async () => {
    const model = await learned('scores', 0);
    expect(await learned('scores', 0)).toEqual(model);
    const bytes = writeConversationModel(model);
    expect(readConversationModel(bytes, 'weights')).toEqual(model);
    const wide = await learned('words', 3);
    expect(readConversationModel(writeConversationModel(wide), 'weights')).toEqual(wide);
    const damaged = bytes.slice();
    damaged[damaged.length - 1]! ^= 1;
    expect(() => readConversationModel(damaged, 'weights')).toThrow(CorruptFileError);
  });

  it('leave a question without turns as it is, and refuse what cannot be', async () => {
    const model = await learned('scores', 0);
    const extensions = { feedbacks: [conversationFeedback(model)] };
    const ask = async (pipeline: string) =>
      (await rankCorpus(corpus, 'the price of a kettle', { pipeline, language: 'en' }, { extensions })).ids;
    expect(await ask(WEIGHED)).toEqual(await ask('words'));
    expect(() => conversationFeedback({ ...model, width: 2 })).toThrow(InvalidArgumentError);
    const nan = { ...model, direct: new Float32Array(CONVERSATION_SIGNALS.length + 1).fill(Number.NaN) };
    expect(() => conversationFeedback(nan)).toThrow('Learn it again');
    const runtime = await nativeRuntime();
    await expect(learnConversation(corpus, await lessons(0, 9), { runtime })).rejects.toThrow(
      '9 questions with a conversation',
    );
    const refused = async (options: object, message: string) =>
      expect(learnConversation(corpus, await lessons(0, 24), { runtime, ...options })).rejects.toThrow(message);
    await refused({ negatives: 0 }, 'negatives');
    await refused({ temperature: 0 }, 'A temperature of 0');
    await refused({ window: { from: 5, to: 4 } }, 'ranks 5 to 4');
    const alone = (await lessons(0, 24)).map((lesson) => ({ ...lesson, turns: [] }));
    await expect(learnConversation(corpus, alone, { runtime })).rejects.toThrow('0 questions with a conversation');
  });
});
