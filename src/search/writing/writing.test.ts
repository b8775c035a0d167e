import { beforeAll, describe, expect, it } from 'vitest';
import { RemoteError } from '../../base/errors.ts';
import type { Turn } from '../../content/index.ts';
import { type MemoryCorpus, memoryCorpus } from '../../corpus/index.ts';
import { testEncoder } from '../../encode/index.ts';
import type { LanguageModel } from '../../generate/language-model.ts';
import { compilePipeline } from '../pipeline/index.ts';
import { searchCorpus } from '../searching.ts';
import type { StageTrace } from '../types.ts';
import { linesIn, questionIn, wordsIn } from './answers.ts';
import { ensemblePrompt, hydePrompt, partsPrompt, standalonePrompt } from './prompts.ts';

const encoder = testEncoder({ dim: 64 });
let corpus: MemoryCorpus;
beforeAll(async () => {
  corpus = await memoryCorpus(
    [
      { id: 'ice', text: 'The port was frozen over; no vessel sailed.' },
      { id: 'ferry', text: 'A ferry to the island leaves at nine.' },
      { id: 'crane', text: 'The crane lifts containers from the quay.' },
      { id: 'gull', text: 'Gulls rest on the crane.' },
    ],
    [
      { name: 'words', kind: 'terms' },
      { name: 'meaning', kind: 'vector', encoder },
    ],
    { settings: { detectLanguage: false } },
  );
});

/** A model with an answer for each prompt; it fails at others. */
function knowing(answers: Readonly<Record<string, string>>): LanguageModel {
  return {
    id: 'knowing',
    async *generate(prompt) {
      const answer = answers[prompt as string];
      if (answer === undefined) throw new RemoteError(`Unknown: ${prompt as string}.`, 'Ask something else.');
      yield answer;
    },
  };
}

async function found(query: string, pipeline: string, model?: LanguageModel, turns?: readonly Turn[]) {
  const languageModels = model === undefined ? [] : [{ name: 'm', open: () => model }];
  const options = { pipeline, k: 4, ...(turns === undefined ? {} : { turns }) };
  const { hits, trace } = await searchCorpus(corpus, query, options, { extensions: { languageModels } });
  return { ids: hits.map(({ id }) => id), note: trace.note ?? '', trace: trace as StageTrace };
}

describe('the answer of a model', () => {
  it('is read as words, lines or a question', () => {
    expect(wordsIn('Keywords: ice, "frozen harbour";\n- sea ice', 'harbour')).toBe('ice frozen sea ice');
    expect(linesIn('Here they are:\n1. ferry times\n- ferry times\n2) crane')).toEqual(['ferry times', 'crane']);
    expect(questionIn('Standalone question: "When does the ferry leave?"\nHope it helps.')).toBe(
      'When does the ferry leave?',
    );
  });
});

describe('expand', () => {
  const hyde = knowing({
    [hydePrompt('winter', 'a passage of a document')]: 'The port was frozen over and no vessel sailed.',
    [hydePrompt('winter', 'the log of a ship')]: 'A ferry leaves at nine.',
  });

  it('by hyde finds by words and by meaning what a written passage says', async () => {
    expect((await found('winter', 'words')).ids).toEqual([]);
    const words = await found('winter', 'words > expand(hyde)', hyde);
    expect(words.ids).toEqual(['ice']);
    expect(words.note).toMatch(/knowing wrote 1 of 1; words: winter\^0\.5 \(1\) \+/);
    const before = (await found('winter', 'meaning')).ids;
    const meaning = await found('winter', 'meaning > expand(hyde)', hyde);
    expect(before[0]).not.toBe('ice');
    expect(meaning.ids[0]).toBe('ice');
    expect(meaning.note).toMatch(/meaning: cosine 0\.\d+ with the vector before/);
    expect((await found('winter', 'fuse(words, meaning) > expand(hyde)', hyde)).ids[0]).toBe('ice');
    expect((await found('winter', 'words > expand(hyde, as="the log of a ship")', hyde)).ids).toEqual(['ferry']);
    expect((await found('winter', 'words > expand(hyde, original=1)', hyde)).ids).toEqual([]);
  });

  it('by an ensemble lets what several answers say count more, in one query or in fused rankings', async () => {
    const said = ['crane', 'crane, quay', 'gull', 'crane', 'crane'];
    const model = knowing(Object.fromEntries(said.map((answer, i) => [ensemblePrompt('lifting', i), answer])));
    const one = await found('lifting', 'words > expand(ensemble)', model);
    expect(one.ids).toEqual(['crane', 'gull']);
    expect(one.note).toMatch(/knowing wrote 5 of 5; words: .*\+crane/);
    const fused = await found('lifting', 'words > expand(fusion)', model);
    expect(fused.ids).toEqual(['crane', 'gull']);
    expect(fused.note).toMatch(/6 queries, fused by ranks/);
    const some = knowing({ [ensemblePrompt('lifting', 1)]: 'quay' });
    expect((await found('lifting', 'words > expand(ensemble)', some)).note).toMatch(/wrote 1 of 5/);
    await expect(found('lifting', 'words > expand(ensemble, n=6)', model)).rejects.toThrow(/5 instructions, not 6/);
  });

  it('by parts asks for each thing, and the head of a longer list is the shorter one', async () => {
    const model = knowing({ [partsPrompt('trip', 4)]: '1. ferry island\n2. crane' });
    const { ids, note, trace } = await found('trip', 'words > expand(parts)', model);
    expect(ids).toEqual(['ferry', 'gull', 'crane']);
    expect(note).toMatch(/"ferry island", "crane"; 3 queries/);
    expect(trace.inputs).toHaveLength(1);
    const environment = { extensions: { languageModels: [{ name: 'm', open: () => model }] } };
    for (const k of [1, 2]) {
      const { hits } = await searchCorpus(corpus, 'trip', { pipeline: 'words > expand(parts)', k }, environment);
      expect(hits.map(({ id }) => id)).toEqual(ids.slice(0, k));
    }
  });

  it.each(['hyde', 'ensemble', 'fusion', 'parts'])(
    '%s leaves the query as it was when the model fails, or fails too',
    async (by) => {
      const { ids, note } = await found('ferry', `words > expand(${by})`, knowing({}));
      expect(ids).toEqual(['ferry']);
      expect(note).toMatch(/the query stays as it was: Unknown/);
      await expect(found('ferry', `words > expand(${by}, otherwise=fail)`, knowing({}))).rejects.toThrow(RemoteError);
    },
  );

  it('leaves the query as it was when the model is late', async () => {
    const late: LanguageModel = {
      id: 'late',
      async *generate() {
        await new Promise(() => undefined);
        yield '';
      },
    };
    const { ids, note } = await found('ferry', 'words > expand(hyde, ms=30)', late);
    expect([ids, note]).toEqual([
      ['ferry'],
      expect.stringMatching(/stays as it was: Nothing was written within 30 ms/),
    ]);
  });

  it('deserves in a fusion what stands before it does', async () => {
    const extensions = { languageModels: [{ name: 'm', open: () => hyde }] };
    const shareOf = async (text: string) => (await compilePipeline(text, { corpus, extensions })).retriever.share?.();
    const share = await shareOf('meaning');
    expect(share).toBeGreaterThan(0);
    expect(await shareOf('meaning > expand(hyde)')).toBe(share);
    expect(await shareOf('meaning > prf(rocchio)')).toBe(share);
    expect(await shareOf('words > expand(hyde)')).toBeUndefined();
  });

  it('refuses what a kind does not take', async () => {
    await expect(found('x', 'words > expand(parts, original=0.5)', hyde)).rejects.toThrow(
      /"original" is not for "parts"/,
    );
    await expect(found('x', 'words > expand(hyde)')).rejects.toThrow(/Give one first/);
    await expect(found('x', 'words > rewrite(turns, ms=5)')).rejects.toThrow(/"ms" is of standalone/);
  });
});

describe('rewrite', () => {
  const turns: readonly Turn[] = [
    { role: 'user', text: 'Tell me of the ferry.' },
    { role: 'assistant', text: 'It goes to the island.' },
  ];
  const question = 'When does it leave?';

  it('asks what a model makes of the question and the conversation before it', async () => {
    const model = knowing({ [standalonePrompt(turns, question)]: 'Question: When does the ferry leave?' });
    const { ids, note } = await found(question, 'words > rewrite(standalone)', model, turns);
    expect(ids[0]).toBe('ferry');
    expect(note).toMatch(/it now asks "When does the ferry leave\?"/);
    // Without a conversation no model is asked.
    expect((await found('ferry', 'words > rewrite(standalone)', knowing({}))).note).toBe('');
  });

  it('adds what the user said before, without a model', async () => {
    expect((await found(question, 'words > rewrite(turns)', undefined, turns)).ids[0]).toBe('ferry');
    await expect(
      found(question, 'words', undefined, [{ role: 'agent', text: 'x' } as unknown as Turn]),
    ).rejects.toThrow(/no conversation/);
  });
});
