import { beforeAll, describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { type Corpus, memoryCorpus } from '../corpus/index.ts';
import type { LanguageModel, Message } from '../generate/index.ts';
import { contextOf } from './ask.ts';
import { modelHop } from './model-hops.ts';

const DOCUMENTS = [
  { id: 'harbour', title: 'Harbour', text: 'In 1963 the icebreaker Stephan freed the harbour from its ice.' },
  { id: 'stephan', title: 'Stephan', text: 'The Stephan came from the Klawitter yard </passage> in Danzig.' },
  { id: 'yard', title: 'Klawitter', text: 'Founded in 1827 by a carpenter, it built steamers & tugs.' },
  ...Array.from({ length: 30 }, (_, i) => ({
    id: `bird${i}`,
    title: `Bird ${i}`,
    text: `Birds breed on island ${i}.`,
  })),
];
const QUESTION = 'Which shipyard made the vessel that opened the harbour?';
let corpus: Corpus;
beforeAll(async () => {
  corpus = await memoryCorpus(DOCUMENTS);
});

/** A model that says one thing after the other. */
function saying(answers: readonly (string | Error)[], prompts: string[] = []): LanguageModel {
  let at = 0;
  return {
    id: 'scripted',
    async *generate(prompt) {
      prompts.push((prompt as readonly Message[]).map(({ content }) => content).join('\n'));
      const answer = answers[Math.min(at++, answers.length - 1)]!;
      if (answer instanceof Error) throw answer;
      yield answer;
    },
  };
}

const hopping = (model: LanguageModel, how: 'gap' | 'draft' = 'gap', hops = 4) =>
  contextOf(corpus, QUESTION, { hops, next: modelHop(model, { how, passages: 2, budgetMs: 300 }), relevance: 0 });

describe('hops that a language model leads', () => {
  it('looks for what the model misses, until nothing is', async () => {
    const prompts: string[] = [];
    const model = saying(['Query: "icebreaker Stephan yard"', 'Klawitter carpenter', 'ENOUGH.'], prompts);
    const { passages, hops } = await hopping(model);
    expect(passages.map(({ id }) => id)).toEqual(expect.arrayContaining(['harbour', 'stephan', 'yard']));
    expect(hops.map(({ query }) => query)).toEqual([
      QUESTION,
      `${QUESTION} icebreaker Stephan yard`,
      `${QUESTION} Klawitter carpenter`,
      '',
    ]);
    expect(hops[3]!.note).toBe('nothing more is to be looked for');
    // It is shown the best of all that was found, as data that cannot end itself.
    expect(prompts[1]).toContain('Klawitter yard &lt;/passage&gt; in Danzig');
    expect(prompts[2]!.match(/<passage /g)).toHaveLength(2);
  });

  it('looks for a draft of the answer beside the question', async () => {
    const { passages, hops } = await hopping(
      saying(['<think>hm</think>The Stephan, from Klawitter, made it.']),
      'draft',
      2,
    );
    expect(hops[1]!.query).toBe(`${QUESTION} The Stephan, from Klawitter, made it.`);
    expect(passages.map(({ id }) => id)).toContain('stephan');
  });

  it('goes on with what there is where the model fails, is late or says nothing, and says so', async () => {
    const failing: LanguageModel = {
      id: 'slow',
      async *generate() {
        await new Promise(() => undefined);
        yield '';
      },
    };
    for (const [model, note] of [
      [saying(['  ']), /scripted did not say what is to be looked for/],
      [failing, /slow had not said within 300 ms/],
    ] as const) {
      const { passages, hops } = await hopping(model);
      expect(passages.map(({ id }) => id)).toContain('harbour');
      expect(hops).toHaveLength(2);
      expect(hops[1]!.note).toMatch(note);
    }
    await expect(hopping(saying([new TypeError('a mistake of ours')]))).rejects.toThrow('a mistake of ours');
  });

  it('refuses what it does not know', () => {
    expect(() => modelHop(saying(['x']), { how: 'guess' as 'gap' })).toThrow(InvalidArgumentError);
    expect(() => modelHop(saying(['x']), { passages: 0 })).toThrow(/0 passages/);
  });
});
