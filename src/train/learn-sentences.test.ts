import { beforeAll, describe, expect, it } from 'vitest';
import { gatherEvidence } from '../answer/gather.ts';
import { buildContext, type Evidence, learned, readSentenceModel, writeSentenceModel } from '../answer/index.ts';
import { Random } from '../base/random.ts';
import type { Corpus } from '../corpus/index.ts';
import { memoryCorpus } from '../corpus/index.ts';
import { nativeRuntime } from '../encode/runtime.ts';
import { shippedTable } from '../encode/static/shipped.ts';
import { staticEncoder } from '../encode/static/static.ts';
import { judgeSentences } from './judge-sentences.ts';
import { type JudgedSentences, learnSentences } from './learn-sentences.ts';

const THINGS = 'lamp pilot berth anchor winch rudder buoy mast hull keel deck crane'.split(' ');
const PLACES = 'Elbing Danzig Memel Pillau Libau Riga Windau Reval'.split(' ');

/** A question for each document: what it asks for stands in the last sentence, which has fewer of its words than the first. */
const random = new Random(5);
const asked = PLACES.flatMap((place) =>
  THINGS.map((thing) => ({
    place,
    thing,
    question: `When was the ${thing} of ${place} built?`,
    answer: String(1800 + random.below(150)),
  })),
);
const documents = asked.map(({ place, thing, answer }) => ({
  id: `${place}-${thing}`,
  title: `${place} ${thing}`,
  text: `People often ask when the ${thing} of ${place} was built, and by whom. Nobody likes to talk of the ${thing} today. It was built in ${answer}.`,
}));

let corpus: Corpus;
let evidence: {
  readonly query: Awaited<ReturnType<typeof gatherEvidence>>['query'];
  readonly found: readonly Evidence[];
}[];
let judged: JudgedSentences[];

beforeAll(async () => {
  const encoder = staticEncoder('static', await shippedTable());
  corpus = await memoryCorpus(documents, [
    { name: 'words', kind: 'terms' },
    { name: 'meaning', kind: 'vector', encoder },
  ]);
  evidence = [];
  judged = [];
  for (const [i, { question, answer }] of asked.entries()) {
    const { query, evidence: all } = await gatherEvidence(corpus, question, { k: 4, syntax: false }, {});
    // A third of the questions lacks its answer.
    const found = i % 3 === 0 ? all.filter(({ text }) => !text.includes(answer)) : all;
    evidence.push({ query, found });
    judged.push(
      await judgeSentences(query, found, {
        corpus,
        score: (_, text, passage) => (passage?.id === documents[i]!.id && text.includes(answer) ? 1 : 0),
      }),
    );
  }
});

describe('learnSentences', () => {
  it('labels what the reader is right with, and nothing where it is right with none', () => {
    expect(judged[0]!.helps).not.toContain(true);
    const { scored, helps } = judged[1]!;
    expect(scored.sentences.filter((_, i) => helps[i]).map(({ text }) => text)).toEqual([
      `It was built in ${asked[1]!.answer}.`,
    ]);
  });

  it('learns which sentences help, and when none does; a file keeps it', async () => {
    const runtime = await nativeRuntime();
    const training = judged.filter((_, i) => i % 2 === 0);
    const model = await learnSentences(training, { runtime, encoder: 'static', epochs: 40 });
    const kept = readSentenceModel(writeSentenceModel(model), 'sentences.bin');
    expect(kept).toEqual(model);
    const right = { learned: 0, empty: 0 };
    const of = { learned: 0, empty: 0 };
    for (const [i, { query, found }] of evidence.entries()) {
      if (i % 2 === 0) continue;
      const { text } = await buildContext(query, found, corpus, {
        tokens: 26,
        compressor: learned(kept),
        neighbours: false,
      });
      if (i % 3 === 0) {
        of.empty++;
        if (text === '') right.empty++;
      } else {
        of.learned++;
        if (text.includes(asked[i]!.answer)) right.learned++;
      }
    }
    expect(right.learned / of.learned).toBeGreaterThan(0.8);
    expect(right.empty / of.empty).toBeGreaterThan(0.8);
    // With certainty 0 asked for there is always something.
    const always = learned(kept, { least: 0 });
    const { text } = await buildContext(evidence[3]!.query, evidence[3]!.found, corpus, { compressor: always });
    expect(text).not.toBe('');
  });

  it('learns a dual encoder, which a file keeps', async () => {
    const runtime = await nativeRuntime();
    const model = await learnSentences(judged, { runtime, encoder: 'static?x=1', by: 'both', rank: 2, epochs: 2 });
    expect(model.encoder).toBe('static');
    expect(model.dual?.question.down).toHaveLength(2 * model.dual!.dim);
    const bytes = writeSentenceModel(model);
    expect(readSentenceModel(bytes, 'sentences.bin')).toEqual(model);
    expect(() => readSentenceModel(bytes.slice(0, -4), 'sentences.bin')).toThrow('sentences.bin');
  });

  it('refuses too few questions, and a model of another encoder', async () => {
    const runtime = await nativeRuntime();
    await expect(learnSentences(judged.slice(0, 9), { runtime, encoder: 'static' })).rejects.toThrow('at least 32');
    const [{ query, found }] = evidence as [(typeof evidence)[number]];
    const other = learned({ encoder: 'minilm', weights: new Array(32).fill(0), nothing: 0 });
    await expect(buildContext(query, found, corpus, { compressor: other })).rejects.toThrow('Train it again');
    expect(() => learned({ encoder: 'minilm', weights: [], nothing: 0 }, { least: 2 })).toThrow('from 0 to 1');
  });
});
