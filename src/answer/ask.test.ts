import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import type { InputDocument } from '../content/index.ts';
import { type Corpus, MEANING, memoryCorpus, WORDS } from '../corpus/index.ts';
import { shippedTable } from '../encode/static/shipped.ts';
import { staticEncoder } from '../encode/static/static.ts';
import { mostTokens } from '../text/index.ts';
import { askCorpus, contextOf } from './ask.ts';
import { CONTEXT_FORMATS, CONTEXT_ORDERS } from './choices.ts';
import { clausesOf } from './salience.ts';
import type { Compressor } from './types.ts';

const DOCUMENTS: readonly InputDocument[] = [
  {
    id: 'harbour.md',
    title: 'Harbour of Elbing',
    format: 'markdown',
    text: `# Harbour of Elbing

The harbour has four berths and a dry dock. Grain and timber are its main goods.

## Winter of 1963

The harbour was closed by ice from January until the middle of May. It was reopened by the icebreaker Stephan. Forty ships had waited outside for weeks.

## Lamps

A red lamp on the mole means that no ship may enter. A green lamp means that the pilot is on his way.`,
  },
  {
    id: 'stephan.md',
    title: 'Icebreaker Stephan',
    text: 'The Stephan was built by the yard of Klawitter in Danzig in 1911. She was the strongest icebreaker of the coast. Her last captain was Hinrich Vollmer.',
  },
  {
    id: 'klawitter.md',
    title: 'Yard of Klawitter',
    text: 'The yard of Klawitter was founded by Johann Wilhelm Klawitter in 1827. It built sailing ships, tugs and steamers until it closed in 1931.',
  },
  {
    id: 'ice.md',
    title: 'Ice on the coast',
    text: 'The harbour of Elbing was closed by ice from January until the middle of May. The lagoon froze to a depth of sixty centimetres. Fish were caught through holes.',
  },
  {
    id: 'birds.md',
    title: 'Birds of the lagoon',
    text: 'Cormorants breed on the island. Herons stand in the reeds at dawn. Gulls follow the fishing boats into the harbour.',
  },
];

let words: Corpus;
let both: Corpus;

beforeAll(async () => {
  const encoder = staticEncoder('static', await shippedTable());
  words = await memoryCorpus(DOCUMENTS);
  both = await memoryCorpus(DOCUMENTS, [
    { name: WORDS, kind: 'terms' },
    { name: MEANING, kind: 'vector', encoder },
  ]);
});

const QUESTION = 'When was the harbour of Elbing closed by ice?';

describe('a context', () => {
  it('holds what bears on the question, word for word, and says where it stands', async () => {
    for (const corpus of [words, both]) {
      const { text, passages, tokens } = await contextOf(corpus, QUESTION, { tokens: 120 });
      expect(text).toContain('closed by ice from January until the middle of May');
      expect(tokens).toBeLessThanOrEqual(120);
      expect(passages.map(({ number }) => number)).toEqual(passages.map((_, i) => i + 1));
      for (const { id, parts } of passages) {
        const document = DOCUMENTS.find((one) => one.id === id)!;
        for (const part of parts) expect(document.text.slice(part.start, part.end)).toBe(part.text);
      }
    }
  });

  it('is empty where a compressor chooses nothing, and says so', async () => {
    const nothing: Compressor = { id: 'nothing', compress: async () => [] };
    const { text, passages, note } = await contextOf(words, QUESTION, { compressor: nothing, relevance: 0 });
    expect([text, passages.length]).toEqual(['', 0]);
    expect(note).toMatch(/^Nothing in \d+ passages probably helps\.$/);
  });

  it('begins the best sentence where none fits', async () => {
    const { text } = await contextOf(both, QUESTION, { tokens: 14, relevance: 0 });
    expect(text).toMatch(/\nThe harbour/);
  });

  it('says the same thing once', async () => {
    const { text } = await contextOf(both, QUESTION, { tokens: 400, neighbours: false });
    expect(text.match(/until the middle of May/g)).toHaveLength(1);
  });

  it('brings the sentence that another leans on, where there is room', async () => {
    const only: Compressor = {
      id: 'one',
      compress: async (_query, evidence) => {
        const passage = evidence.findIndex(({ text }) => text.includes('It was reopened'));
        const start = evidence[passage]!.text.indexOf('It was reopened');
        const end = evidence[passage]!.text.indexOf('.', start) + 1;
        return [{ passage, start, end, score: 1 }];
      },
    };
    const { text } = await contextOf(words, QUESTION, { compressor: only, relevance: 0 });
    expect(text).toContain('middle of May. It was reopened by the icebreaker Stephan.');
    const alone = await contextOf(words, QUESTION, { compressor: only, relevance: 0, neighbours: false });
    expect(alone.text).not.toContain('middle of May');
    const tight = await contextOf(words, QUESTION, { compressor: only, relevance: 0, tokens: alone.tokens + 3 });
    expect(tight.text).toBe(alone.text);
  });

  it('keeps any budget, in any order and format, by any count', async () => {
    const random = new Random(3);
    for (const count of [mostTokens, o200k, (text: string) => text.length]) {
      for (const format of CONTEXT_FORMATS) {
        for (const order of CONTEXT_ORDERS) {
          for (const compressor of ['sentences', 'salience', 'passages'] as const) {
            const tokens = 1 + random.below(300);
            const context = await contextOf(words, QUESTION, {
              tokens,
              format,
              order,
              compressor,
              count,
              relevance: 0,
            });
            expect(count(context.text)).toBeLessThanOrEqual(tokens);
            expect(context.tokens).toBe(context.text === '' ? 0 : count(context.text));
          }
        }
      }
    }
  });

  it('gives the beginning of the best sentence to a budget smaller than it, and nothing to one that holds no word', async () => {
    const { text, tokens } = await contextOf(words, QUESTION, { tokens: 16, relevance: 0 });
    expect(tokens).toBeLessThanOrEqual(16);
    expect(text).toMatch(/^\[1\] /);
    expect(await contextOf(words, QUESTION, { tokens: 2 })).toMatchObject({
      text: '',
      note: 'The budget holds no word of any passage.',
    });
  });

  it('is empty where nothing is relevant', async () => {
    for (const corpus of [words, both]) {
      const context = await contextOf(corpus, 'What is the capital of Mongolia?');
      expect(context).toMatchObject({ text: '', tokens: 0, passages: [] });
      expect(context.note).toMatch(/Nothing (relevant )?was found/);
    }
  });

  it('stands in the order of documents, or with the best at both ends', async () => {
    const ranked = await contextOf(words, 'harbour lamp ice icebreaker yard', { relevance: 0 });
    const ids = ranked.passages.map(({ id, parts }) => `${id} ${parts[0]!.start}`);
    expect(ids.length).toBeGreaterThan(3);
    const edges = await contextOf(words, 'harbour lamp ice icebreaker yard', { relevance: 0, order: 'edges' });
    const others = edges.passages.map(({ id, parts }) => `${id} ${parts[0]!.start}`);
    expect([others[0], others.at(-1)]).toEqual([ids[0], ids[1]]);
    const { passages } = await contextOf(words, 'harbour lamp ice', { relevance: 0, order: 'document' });
    const starts = passages.filter(({ id }) => id === 'harbour.md').map(({ parts }) => parts[0]!.start);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });

  it('refuses what it does not know', async () => {
    await expect(contextOf(words, QUESTION, { tokens: 0 })).rejects.toThrow(/0 tokens/);
    await expect(contextOf(words, QUESTION, { budget: 5 } as never)).rejects.toThrow(/no option "budget"/);
    await expect(contextOf(words, QUESTION, { compressor: 'magic' as never })).rejects.toThrow(/no compressor "magic"/);
    await expect(contextOf(words, QUESTION, { order: 'up' as never })).rejects.toThrow(/no order "up"/);
    await expect(contextOf(words, QUESTION, { hops: 9 })).rejects.toThrow(/9 hops/);
    await expect(contextOf(words, ' ')).rejects.toThrow(/empty/);
  });
});

describe('salience', () => {
  it('keeps of a sentence what bears on the question, word for word', () => {
    const text = 'Elbing, a town on the lagoon (see the map), closed its harbour in 1963, which nobody liked.';
    expect(clausesOf(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      'Elbing, a town on the lagoon',
      '(see the map),',
      'closed its harbour in 1963,',
      'which nobody liked.',
    ]);
  });

  it('fits more sentences into a budget', async () => {
    const corpus = await memoryCorpus([
      {
        id: 'a',
        text: 'The ice closed the harbour in January, as the old pilots remembered for years, although the almanac of the town, printed in autumn, had promised a mild winter, and nobody had expected it.',
      },
    ]);
    const options = { tokens: 300, relevance: 0 } as const;
    const whole = await contextOf(corpus, 'When did ice close the harbour?', options);
    const salient = await contextOf(corpus, 'When did ice close the harbour?', { ...options, compressor: 'salience' });
    expect(salient.text).toContain('The ice closed the harbour in January,');
    expect(salient.tokens).toBeLessThan(whole.tokens);
  });
});

describe('asking', () => {
  it('answers with sentences and where they stand', async () => {
    for (const corpus of [words, both]) {
      const { answered, answer, citations, context, confidence } = await askCorpus(corpus, QUESTION);
      expect(answered).toBe(true);
      expect(confidence).toBeGreaterThan(0.5);
      expect(answer).toContain('closed by ice from January until the middle of May');
      const [first] = citations;
      const document = DOCUMENTS.find(({ id }) => id === first!.id)!;
      expect(document.text.slice(first!.start, first!.end)).toBe(first!.text);
      expect(context.passages.find(({ number }) => number === first!.number)!.id).toBe(first!.id);
    }
  });

  it('says that it is not answered here', async () => {
    for (const corpus of [words, both]) {
      const { answered, answer, citations } = await askCorpus(corpus, 'Who won the football world cup in Mexico?');
      expect({ answered, answer, citations }).toEqual({ answered: false, answer: '', citations: [] });
    }
  });
});

describe('documents that disagree', () => {
  const bridge = 'The bridge over the Nogat at Marienburg';
  const corpusOf = (texts: readonly string[]) => memoryCorpus(texts.map((text, i) => ({ id: `d${i + 1}`, text })));
  const ask = async (texts: readonly string[], question = 'How long is the bridge over the Nogat?') =>
    askCorpus(await corpusOf(texts), question, { relevance: 0, least: 0 });

  it('are both cited, and the reader is told', async () => {
    const texts = [`${bridge} is 1,050 metres long.`, `${bridge} is 985 metres long.`, `${bridge} has four towers.`];
    const { citations, notes, context } = await ask(texts);
    expect(citations.map(({ id }) => id)).toEqual(expect.arrayContaining(['d1', 'd2']));
    expect(notes.join(' ')).toMatch(/The documents disagree: d[12] says (1050, d2 says 985|985, d1 says 1050)\./);
    expect(context.text).toContain('1,050');
    expect(context.text).toContain('985');
  });

  it('are not where they say the same otherwise, or speak of different years', async () => {
    const same = await ask([`${bridge} is 1,050 metres long.`, `${bridge} is 1050 metres long.`]);
    expect(same.citations).toHaveLength(1);
    expect(same.notes).toEqual([]);
    const years = await ask(
      [`In 1911 ${bridge} carried 40 trains a day.`, `In 1938 ${bridge} carried 62 trains a day.`],
      'How many trains did the bridge over the Nogat carry a day?',
    );
    expect(years.citations).toHaveLength(2);
    expect(years.notes).toEqual([]);
    const dates = await ask(
      [`${bridge} was opened in 1891.`, `${bridge} was opened in 1890.`],
      'When was the bridge over the Nogat opened?',
    );
    expect(dates.notes.join(' ')).toContain('disagree');
  });
});

describe('hops', () => {
  it('lead from what was found to what it names, and say so', async () => {
    const question = 'Who founded the yard that built the icebreaker which reopened the harbour of Elbing?';
    const found = async (hops: number) => (await contextOf(both, question, { hops, k: 1, relevance: 0 })).passages;
    const one = (await found(1)).map(({ id }) => id);
    expect(one).not.toContain('klawitter.md');
    const three = await contextOf(both, question, { hops: 3, k: 1, relevance: 0 });
    expect(three.passages.map(({ id }) => id)).toContain('klawitter.md');
    expect(three.passages.find(({ id }) => id === 'klawitter.md')!.hop).toBeGreaterThan(1);
    expect(three.hops.map(({ hop }) => hop)).toEqual([1, 2, 3].slice(0, three.hops.length));
    expect(three.hops[1]!.query).toContain('Stephan');
  });

  it('end when nothing new is found, and when their budget is used up', async () => {
    const { hops } = await contextOf(both, QUESTION, { hops: 5, k: 20, relevance: 0 });
    expect(hops.at(-1)!.note).toBe('nothing new was found');
    const poor = await contextOf(both, QUESTION, { hops: 2, k: 1, relevance: 0, searches: 1, branches: 3 });
    expect(poor.hops.length).toBe(2);
    const late = await contextOf(both, QUESTION, { hops: 3, k: 1, relevance: 0, milliseconds: 0 });
    expect(late.hops.at(-1)!.note).toMatch(/stopped after 0 ms/);
  });
});
