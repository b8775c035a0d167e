import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { type MemoryCorpus, memoryCorpus } from '../../corpus/index.ts';
import { type TokenEncoder, testEncoder } from '../../encode/index.ts';
import type { Feedback } from '../feedback/index.ts';
import { searchCorpus } from '../searching.ts';
import { compilePipeline } from './compile.ts';
import type { Extensions, Operator, Reranker } from './types.ts';
import { Pipeline, type PipelineInput, pipeline } from './value.ts';

const WORDS = 'ferry harbour ice lamp rope tide wind sail gull crane pier storm'.split(' ');
const encoder = testEncoder({ dim: 16, languages: ['en'] });

/** One vector for each word. */
const tokens: TokenEncoder = {
  id: 'test-tokens',
  dim: 16,
  encodeTokens: async (inputs) => {
    const rows: Float32Array[] = [];
    const offsets = [0];
    for (const input of inputs) {
      const words = input.split(/\W+/).filter((word) => word !== '');
      if (words.length > 0) rows.push(...words.map((_, i) => i).map(() => new Float32Array(16)));
      const vectors = await encoder.encode(words);
      words.forEach((_, i) => {
        rows[offsets.at(-1)! + i] = vectors.row(i).slice();
      });
      offsets.push(offsets.at(-1)! + words.length);
    }
    return new VectorSets(Vectors.fromRows(rows, 16), Uint32Array.from(offsets));
  },
};

/** Prefers short texts. */
const short: Reranker = { id: 'short', score: async (_, candidates) => candidates.map(({ length }) => -length) };
/** Asks for the first hit's text too. */
const longer: Feedback = {
  id: 'longer',
  refine: async (query, { hits }, corpus) => {
    const [first] = await corpus.passages(hits.slice(0, 1).map(({ passage }) => passage));
    return { ...query, content: `${query.content} ${first?.text ?? ''}` };
  },
};
/** Leaves out every second hit. */
const half: Operator = {
  name: 'half',
  help: 'leaves out every second hit',
  takes: 'ranking',
  parameters: {},
  make: ([input]) => {
    return async (query, params) => {
      const found = await input!(query, { ...params, k: 2 * params.k });
      return { ...found, hits: found.hits.filter((_, i) => i % 2 === 0).slice(0, params.k) };
    };
  },
};
const extensions: Extensions = { rerankers: [short], feedbacks: [longer], operators: [half] };

let corpus: MemoryCorpus;
beforeAll(async () => {
  const random = new Random(3);
  const sentence = (length: number): string =>
    Array.from({ length }, () => WORDS[Math.floor(random.next() * random.next() * WORDS.length)]).join(' ');
  const documents = Array.from({ length: 150 }, (_, i) => ({
    id: `d${i}`,
    title: sentence(2),
    text: sentence(2 + random.below(40)),
    language: i % 9 === 0 ? 'de' : 'en',
  }));
  corpus = await memoryCorpus(
    documents,
    [
      { name: 'words', kind: 'terms' },
      { name: 'meaning', kind: 'vector', encoder },
      { name: 'titles', kind: 'vector', of: 'title', encoder },
      { name: 'tokens', kind: 'vectors', encoder: tokens },
    ],
    { settings: { passageTokens: 10, passageOverlap: 0, detectLanguage: false } },
  );
});

const run = async (input: PipelineInput, k = 10, content = 'ferry ice') => {
  const { retriever } = await compilePipeline(input, { corpus, extensions });
  return await retriever({ content, language: 'en' }, { k });
};
const names = new Map<string, PipelineInput>([
  ['short-list', 'words > rerank(short)'],
  ['a', 'b'],
  ['b', 'fuse(words, c)'],
  ['c', 'a'],
]);

describe('a pipeline', () => {
  it.each([
    'words',
    'fuse(words, meaning) > rerank(short) > group > cut',
    'fuse(words, meaning, titles > group(2), weights=[1, 0.5, 2], candidates=20) > rerank(short, depth=5)',
    'fuse(words, fuse(meaning, titles, by=rrf)) > cut(0.5)',
    'meaning(refine=2) > neighbours(beta=0.3) > feedback(longer, depth=3)',
  ])('is the same as text, as data and built (%s)', (text) => {
    const one = pipeline(text, extensions);
    expect(String(one)).toBe(text);
    const data = JSON.parse(JSON.stringify(one));
    expect(String(pipeline(data, extensions))).toBe(text);
    expect(pipeline(data, extensions).steps).toEqual(one.steps);
  });

  it('is built step by step', () => {
    const built = pipeline('words')
      .fuse('meaning', { weights: [1, 2] })
      .rerank('short', { depth: 20 })
      .neighbours()
      .walk({ share: 0.5 })
      .group(2)
      .cut({ least: 0.3 });
    expect(String(built)).toBe(
      'fuse(words, meaning, weights=[1, 2]) > rerank(short, depth=20) > neighbours > walk(0.5) > group(2) > cut(0.3)',
    );
    expect(built).toBeInstanceOf(Pipeline);
    expect(String(pipeline('words').fuse('meaning', 'titles').feedback('longer').step('half'))).toBe(
      'fuse(words, meaning, titles) > feedback(longer) > half',
    );
  });

  it('has names for three of its kind', async () => {
    for (const [name, text] of [
      ['bm25', 'words'],
      ['dense', 'meaning'],
      ['hybrid', 'fuse(words, meaning)'],
    ] as const) {
      expect((await run(name)).hits).toEqual((await run(text)).hits);
    }
    const { hits } = await searchCorpus(corpus, 'ferry', { pipeline: 'short-list', k: 3 }, { names, extensions });
    expect(hits).toHaveLength(3);
  });

  const parts = fc.letrec<{ source: string; piped: string; any: string }>((tie) => ({
    source: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('words', 'meaning', 'titles', 'tokens', 'hybrid', 'meaning(refine=1)'),
      // Each asks what stands before it twice, so that several behind one another take long.
      fc.constantFrom('words > prf(rm3)', 'words > prf(bo1, fb_docs=2)', 'titles > prf(rocchio, field=titles)'),
      fc
        .tuple(
          tie('any'),
          tie('any'),
          fc.constantFrom(
            '',
            ', by=rrf',
            ', candidates=7',
            ', normalize=min-max',
            ', weights=[0.2, 1]',
            ', floors=[0, -1]',
          ),
        )
        .map(([a, b, settings]) => `fuse(${a}, ${b}${settings})`),
    ),
    piped: fc
      .tuple(
        tie('any'),
        fc.constantFrom(
          'rerank(short)',
          'rerank(short, depth=3)',
          'rerank(tokens, depth=20)',
          'rerank(titles)',
          'rerank(words, depth=12)',
          'rerank(tokens, depth=9, weight=0.35)',
          'neighbours(depth=15)',
          'neighbours(titles, neighbours=2)',
          'group',
          'group(2)',
          'cut(score=0.2)',
          'cut(0.1)',
          'feedback(longer, depth=2)',
          'walk(share=0.6, names=2)',
          'half',
        ),
      )
      .map(([before, stage]) => `${before} > ${stage}`),
    any: fc.oneof({ depthSize: 'small' }, tie('source'), tie('piped')),
  }));

  it('ranks for k what is the head of its ranking for more, in descending order, no passage twice', async () => {
    const relevance = async () => ({
      parameters: {
        weights: Array.from({ length: 6 }, (_, row) =>
          Array.from({ length: 12 }, (_, i) => (i < 11 ? 0 : [-30, 1, 3, 1, -30, -2][row]!)),
        ),
        threshold: 0.5,
      },
      isOwn: true,
    });
    await fc.assert(
      fc.asyncProperty(
        parts.any,
        fc.constantFrom('ferry ice', 'gull', 'storm pier pier tide'),
        async (text, content) => {
          const { retriever } = await compilePipeline(text, { corpus, extensions, relevance });
          const query = { content, language: 'en' };
          const all = await retriever(query, { k: 400 });
          expect(new Set(all.hits.map(({ passage }) => passage)).size).toBe(all.hits.length);
          const scores = all.hits.map(({ score }) => score);
          expect(scores).toEqual(scores.toSorted((a, b) => b - a));
          for (const k of [1, 5, 10, 49, 130]) {
            expect((await retriever(query, { k })).hits).toEqual(all.hits.slice(0, k));
          }
          expect(all.trace.stage).toBeTruthy();
        },
      ),
      { numRuns: 120, seed: 11 },
    );
  }, 120_000);
});

describe('operators', () => {
  it('rank again by a reranker, a vector, words or late interaction, and say what changed', async () => {
    const plain = await run('words', 200);
    const { hits, trace } = await run('words > rerank(short, depth=30)', 200);
    expect(new Set(hits.slice(0, 30).map(({ passage }) => passage))).toEqual(
      new Set(plain.hits.slice(0, 30).map(({ passage }) => passage)),
    );
    expect(hits.slice(30).map(({ passage }) => passage)).toEqual(plain.hits.slice(30).map(({ passage }) => passage));
    expect(trace.note).toMatch(/^30 candidates ranked again, \d+ of them changed places$/);
    expect(trace.inputs![0]!.stage).toBe('bm25');
    for (const { contributions, score } of hits) {
      expect(contributions!.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(score, 9);
    }
    const late = await run('words > rerank(tokens, depth=1000)', 1000);
    const direct = await run('tokens', 1000);
    const found = new Set(late.hits.map(({ passage }) => passage));
    const expected = direct.hits.filter(({ passage }) => found.has(passage)).map(({ score }) => score);
    expect(late.hits.map(({ score }) => score)).toEqual(expected);
    expect(late.hits.length).toBeGreaterThan(20);
  });

  it('mix new scores with those before, each from the worst candidate to the best', async () => {
    const [plain, alone, half, none] = await Promise.all(
      ['', ' > rerank(tokens)', ' > rerank(tokens, weight=0.5)', ' > rerank(tokens, weight=0)'].map((step) =>
        run(`words${step}`, 50),
      ),
    );
    const scale = (hits: typeof plain.hits) => {
      const scores = hits.map(({ score }) => score);
      const [least, most] = [Math.min(...scores), Math.max(...scores)];
      return new Map(hits.map(({ passage, score }) => [passage, most > least ? (score - least) / (most - least) : 1]));
    };
    const [before, after] = [scale(plain!.hits), scale(alone!.hits)];
    for (const { passage, score } of half!.hits) {
      expect(score).toBeCloseTo((before.get(passage)! + after.get(passage)!) / 2, 5);
    }
    expect(none!.hits.map(({ passage }) => passage)).toEqual(plain!.hits.map(({ passage }) => passage));
  });

  it('know nothing of what new scores could reach', async () => {
    const asked = async (text: string, limit?: boolean) => {
      const { retriever } = await compilePipeline(text, { corpus, extensions });
      return (await retriever({ content: 'ferry ice', language: 'en' }, { k: 5, ...(limit ? { limit } : {}) })).limit;
    };
    expect(await asked('words', true)).toBeGreaterThan(0);
    expect(await asked('words')).toBeUndefined();
    expect(await asked('words > rerank(meaning)', true)).toBeUndefined();
    expect(await asked('meaning > rerank(words)', true)).toBeUndefined();
  });

  it('group by documents, and cut by scores and relevance', async () => {
    const grouped = await run('words > group(1)', 100);
    const owners = await corpus.documentsOf(grouped.hits.map(({ passage }) => passage));
    expect(new Set(owners).size).toBe(owners.length);
    expect(grouped.trace.note).toMatch(/^\d+ further passages of the same documents left out$/);
    const cut = await run('fuse(words, meaning) > cut(score=0.8)', 100);
    expect(cut.hits.every(({ score }) => score >= 0.8)).toBe(true);
    expect(cut.hits.length).toBeGreaterThan(0);
    const relevance = async () => ({
      parameters: { weights: Array.from({ length: 6 }, () => Array.from({ length: 12 }, () => 0)), threshold: 0.5 },
      isOwn: true,
    });
    const { retriever } = await compilePipeline('hybrid > rerank(short) > cut', { corpus, extensions, relevance });
    const judged = await retriever({ content: 'ferry ice', language: 'en' }, { k: 5 });
    expect(judged.relevance).toMatchObject({ threshold: 0.5, judged: 50 });
    expect(judged.hits.every((hit) => hit.relevance! >= 0.5)).toBe(true);
    const { shortfall } = await searchCorpus(corpus, 'ferry', { pipeline: 'words > cut(score=1000)' });
    expect(shortfall!.reason).toMatch(/^the pipeline leaves 0: kept 0 of 10 hits, those of at least 1000$/);
  });

  it('refine queries and ask again', async () => {
    const { trace, hits } = await run('words > feedback(longer)', 20);
    expect(trace.note).toMatch(/it now asks "ferry ice /);
    expect(hits).not.toEqual((await run('words', 20)).hits);
  });

  it('add words and vectors of the first passages, and say which', async () => {
    const { trace, hits } = await run('words > prf(rm3, fb_docs=5, fb_terms=4)', 20);
    expect(trace.stage).toBe('prf rm3');
    expect(trace.note).toMatch(
      /^\d of the first 5 were not there before; words: .*ferri\^\d[\d.]* \(1\).*\+\w+\^0\.\d+/,
    );
    expect(trace.inputs).toHaveLength(2);
    expect(hits).toHaveLength(20);
    expect((await run('meaning > prf(rocchio, original=0.5)')).trace.note).toMatch(
      /; meaning: cosine 0\.\d+ with the vector before$/,
    );
    const both = await run('fuse(words, meaning) > prf(bo1) > prf(rocchio, field=titles)');
    expect(both.trace.inputs![1]!.stage).toBe('prf bo1');
    const none = await run('words > prf(rm3)', 10, 'zeppelin');
    expect(none.hits).toEqual([]);
    expect(none.trace.note).toBe('nothing to refine the query by in 0 hits; it passes as it is');
  });

  it('weigh a field of vectors as its encoder says', async () => {
    const biased = { ...encoder, denseShare: 0.9 };
    const own = await memoryCorpus(
      [
        { id: 'a', text: 'ferry ice' },
        { id: 'b', text: 'ferry rope' },
      ],
      [
        { name: 'words', kind: 'terms' },
        { name: 'meaning', kind: 'vector', encoder: biased },
      ],
    );
    for (const [text, shares] of [
      // Words are repeated nowhere, so that they give half of what they could.
      ['hybrid', [5, 90]],
      ['fuse(words, meaning, normalize=max)', [10, 90]],
    ] as const) {
      const { retriever } = await compilePipeline(text, { corpus: own });
      const { hits } = await retriever({ content: 'ferry ice' }, { k: 1 });
      expect(hits[0]!.contributions!.map(({ share }) => Math.round(100 * share))).toEqual(shares);
    }
  });
});

describe('a mistake', () => {
  it.each([
    [
      'fuse(wrods, meaning)',
      /^Pipeline, at character 6: There is no field, operator or pipeline "wrods"\. Did you mean "words"\?$/,
    ],
    [
      'words > rernak(short)',
      /^Pipeline, at character 9: There is no operator "rernak" that takes arguments\. Did you mean "rerank"\?$/,
    ],
    ['words > grup', /^Pipeline, at character 9: There is no operator "grup"\. Did you mean "group"\?$/],
    ['words > rerank(shrt)', /^Pipeline, at character 9: .*no reranker and no field "shrt"\. Did you mean "short"\?$/],
    ['words > rerank', /^Pipeline, at character 9: "rerank" needs "by"\. Give "by": /],
    ['words > rerank(short, dept=3)', /"rerank" has no parameter "dept"\. Did you mean "depth"\?$/],
    ['words > rerank(short, depth=0)', /"depth" of "rerank" is 0\. Give a whole number from 1 to 10000\.$/],
    ['words > prf(rm2)', /"by" of "prf" is "rm2"\. Give rm3 or bo1 or rocchio or colbert; did you mean "rm3"\.$/],
    ['words > prf(rocchio, fb_terms=3)', /"rocchio" adds no terms\. Leave out fb_terms\.$/],
    ['words > prf(rm3, docs=3)', /"prf" has no parameter "docs"/],
    ['words > prf(rm3, field=meaning)', /^Pipeline, at character 9: Feedback by rm3 needs a field of terms/],
    ['words > feedback(x)', /There is no feedback "x"\. Name one of longer/],
    [
      'words > neighbours(words)',
      /^Pipeline, at character 9: The operator "neighbours" needs a field of one vector for each passage, and "words" holds terms\. Name meaning or titles\.$/,
    ],
    ['fuse(words, meaning, by=rff)', /"by" of "fuse" is "rff"\. Give convex or rrf; did you mean "rrf"\.$/],
    ['fuse(words, meaning, weights=[1])', /1 weights for 2 pipelines/],
    ['fuse(words, meaning, weights=[0, 0])', /All weights are 0/],
    ['fuse', /"fuse" joins pipelines, and none is given/],
    ['cut', /"cut" works on a ranking, and none stands before it/],
    ['words > meaning', /"meaning" begins a ranking, and cannot work on the one before it/],
    ['words(k1=3)', /"words" has no parameter "k1"/],
    ['words > cut(2)', /"least" of "cut" is 2/],
    ['words > group(1, 2)', /"group" takes most, and there is one more/],
    ['words >', /at character 8: It ends where a part is wanted/],
    ['fuse(words, meaning', /at character 20: A parenthesis is left open/],
    ['words ; meaning', /at character 7: `;` cannot stand here/],
    ['', /It ends where a part is wanted/],
    [[{ op: 'words' }, { op: 'grup' }], /^Pipeline, at character 9: There is no operator "grup"/],
    [[{ op: 'words' }, {}], /step 2 names no operator/],
    [{ op: 'fuse', of: 'words' }, /"of" of step 1 is not a list/],
    [{ op: 'cut', least: {} }, /"least" of step 1 is neither/],
  ])('in %j is told with its place and a remedy', async (input, message) => {
    const error = await run(input as PipelineInput).then(
      () => undefined,
      (one: unknown) => one,
    );
    expect(error).toBeInstanceOf(InvalidArgumentError);
    // Without the pipeline and the mark under the place, which the next test is about.
    const said = (error as Error).message.replaceAll(/\n {2}.*/g, '').replaceAll(/\s+/g, ' ');
    expect(said).toMatch(message);
  });

  it('is marked where it stands', async () => {
    await expect(run('fuse(wrods, meaning)')).rejects.toThrow(
      /\n {2}fuse\(wrods, meaning\)\n {7}\^{5}\n Did you mean "words"\?$/,
    );
    await expect(run([{ op: 'words' }, { op: 'grup' }])).rejects.toThrow(/\n {2}words > grup\n {10}\^{4}\n/);
  });

  it('may stand in names with colons, in texts with escapes and in lists', () => {
    const steps = pipeline('words > rerank(cross:./a:b+c, depth=20) > rewrite("turn\\n\\u00e9")').steps;
    expect(steps.slice(1)).toEqual([
      { op: 'rerank', by: 'cross:./a:b+c', depth: 20 },
      { op: 'rewrite', by: 'turn\né' },
    ]);
    expect(pipeline(pipeline(steps).toString()).steps).toEqual(steps);
  });

  it('of names that lead round in a circle shows the circle', async () => {
    await expect(searchCorpus(corpus, 'ice', { pipeline: 'a' }, { names })).rejects.toThrow(
      /The names lead round in a circle \(a > b > c > a\), in the pipeline "c"\..*Let one of them name no other\.$/s,
    );
  });

  it('of an operator that another has the name of is refused', async () => {
    const taken = { ...half, name: 'cut' };
    expect(() => pipeline('words', { operators: [taken] })).toThrow(
      '"cut" cannot be the name of an operator. It is taken',
    );
  });

  it('is bounded', () => {
    expect(() => pipeline(`${'fuse('.repeat(40)}words${')'.repeat(40)}`)).toThrow(/nested/);
    expect(() => pipeline(`words${' > group'.repeat(80)}`)).toThrow('81 steps');
    expect(() => pipeline('x'.repeat(5000))).toThrow('4000');
  });
});
