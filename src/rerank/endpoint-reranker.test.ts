import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { byLength, type RerankScript, scriptedReranker } from '../../test/support/scripted-reranker.ts';
import { RemoteError } from '../base/errors.ts';
import { type MemoryCorpus, memoryCorpus } from '../corpus/index.ts';
import { searchCorpus } from '../search/index.ts';
import { type EndpointRerankerOptions, endpointReranker } from './endpoint-reranker.ts';
import { keptScores } from './kept-scores.ts';

let corpus: MemoryCorpus;
beforeAll(async () => {
  corpus = await memoryCorpus([
    { id: 'long', text: 'The harbour, the harbour: once more the harbour, and a pier.' },
    { id: 'middle', text: 'The harbour and the old harbour master.' },
    { id: 'short', text: 'A harbour.' },
    { id: 'other', text: 'A gull on a rope.' },
  ]);
});
afterEach(() => vi.unstubAllEnvs());

const such = (url: string, more: Partial<EndpointRerankerOptions> = {}): EndpointRerankerOptions => ({
  url,
  model: 'm',
  id: 'far',
  retries: 0,
  backoffMs: 1,
  ...more,
});

async function found(
  script: (request: Parameters<typeof byLength>[0]) => RerankScript,
  step = 'rerank(far)',
  more: Partial<EndpointRerankerOptions> = {},
) {
  await using endpoint = await scriptedReranker(script);
  const rerankers = [endpointReranker(such(endpoint.url, more))];
  const { hits, trace } = await searchCorpus(
    corpus,
    'harbour',
    { pipeline: `words > ${step}` },
    { extensions: { rerankers } },
  );
  return { ids: hits.map(({ id }) => id).join(), note: trace.note ?? '', ...endpoint };
}
const BEFORE = 'long,middle,short';

describe('a reranker at an endpoint', () => {
  it('ranks again in the shape of Jina, of Cohere and of text-embeddings-inference, with the key of its host', async () => {
    vi.stubEnv('SAGITTA_KEY_127_0_0_1', 'sk-secret');
    expect((await found(byLength, 'rerank(far, depth=1)')).ids).toBe(BEFORE);
    const { ids, note, requests, headers } = await found(byLength);
    expect(ids).toBe('short,middle,long');
    expect(note).toMatch(/3 candidates ranked again, 2 of them changed places; 127\.0\.0\.1 scored 3 in 1 requests/);
    expect(requests).toEqual([
      { model: 'm', query: 'harbour', documents: expect.anything(), top_n: 3, return_documents: false },
    ]);
    expect(requests[0]!.documents![2]).toBe('A harbour.');
    expect(headers[0]!.authorization).toBe('Bearer sk-secret');

    const cohere = await found(byLength, 'rerank(far)', { shape: 'cohere' });
    expect([cohere.ids, Object.keys(cohere.requests[0]!)]).toEqual([
      'short,middle,long',
      ['model', 'query', 'documents', 'top_n'],
    ]);
    const tei = await found(
      ({ texts = [] }) => ({ json: texts.map(({ length }, index) => ({ index, score: -length })) }),
      'rerank(far)',
      { shape: 'tei' },
    );
    expect(tei.ids).toBe('short,middle,long');
  });

  it('counts as much as its weight says, in requests of so many candidates, and leaves behind what it says nothing of', async () => {
    const { ids, requests } = await found(byLength, 'rerank(far, weight=0.5)', { batchSize: 2, longest: 12 });
    expect(requests.map(({ documents }) => documents!.length)).toEqual([2, 1]);
    expect(requests[0]!.documents![0]).toBe('The harbour,');
    expect(ids.split(',')).toHaveLength(3);
    const one = await found(() => ({ json: { results: [{ index: 2, relevance_score: 0.1 }] } }));
    expect([one.ids, one.note]).toEqual([
      'short,long,middle',
      expect.stringMatching(/1 candidates ranked again.*2 have nothing to be scored by/),
    ]);
  });

  it.each<[string, RerankScript, RegExp]>([
    ['says what is wrong', { status: 400, body: '{"message":"no such model"}' }, /answered 400 \(no such model\)/],
    ['wants a key', { status: 401 }, /Put the key into the environment variable SAGITTA_KEY_127_0_0_1/],
    ['is down', { status: 503 }, /answered 503, in 1 attempts/],
    ['sends no JSON', { raw: '<html>' }, /not JSON/],
    ['sends another shape', { json: { vectors: [] } }, /no list `results`/],
    ['sends no scores', { json: { results: [] } }, /no score for 3 candidates/],
    ['scores what it was not sent', { json: { results: [{ index: 7, score: 1 }] } }, /candidate 7 of 3/],
    ['scores by a word', { json: { results: [{ index: 0, score: 'high' }] } }, /no number/],
    [
      'scores one twice',
      {
        json: [
          { index: 0, score: 1 },
          { index: 0, score: 2 },
        ],
      },
      /two scores/,
    ],
    ['never answers', { silent: true }, /had not answered after 60 ms/],
    ['never ends', { forever: '{"results": [' }, /had not answered after 60 ms/],
  ])('leaves the ranking as it was when it %s, and says so; or fails, by option', async (_, script, message) => {
    const ms = 'silent' in script || 'forever' in script ? 60 : 20_000;
    const kept = await found(() => script, `rerank(far, ms=${ms})`);
    expect(kept.ids).toBe(BEFORE);
    expect(kept.note).toMatch(/the ranking stays as it was/);
    expect(kept.note).toMatch(message);
    const failing = found(() => script, `rerank(far, ms=${ms}, otherwise=fail)`);
    await expect(failing).rejects.toThrow(RemoteError);
    await expect(failing).rejects.toThrow(message);
  });

  it('is tried again, and stops when the search is given up', async () => {
    let calls = 0;
    const { ids } = await found((request) => (++calls < 2 ? { status: 429 } : byLength(request)), 'rerank(far)', {
      retries: 1,
    });
    expect([ids, calls]).toEqual(['short,middle,long', 2]);
    await using endpoint = await scriptedReranker(() => ({ silent: true }));
    const giving = new AbortController();
    setTimeout(() => giving.abort(new Error('gone')), 30);
    const options = { pipeline: 'words > rerank(far)', signal: giving.signal };
    const extensions = { rerankers: [endpointReranker(such(endpoint.url))] };
    await expect(searchCorpus(corpus, 'harbour', options, { extensions })).rejects.toThrow('gone');
  });

  it('refuses settings that are none, and addresses that hold a secret', () => {
    for (const wrong of [
      { url: 'ftp://host' },
      { url: 'https://host/rerank?api_key=hunter2' },
      { model: '' },
      { batchSize: 0 },
      { shape: 'x' as 'jina' },
    ]) {
      expect(() => endpointReranker({ ...such('http://127.0.0.1:9/rerank'), ...wrong })).toThrow(/Give|Put|Name|Use/);
    }
    expect(endpointReranker(such('http://localhost:9/rerank')).remote).toBe(false);
    expect(endpointReranker(such('https://api.jina.ai/v1/rerank')).remote).toBe(true);
  });
});

describe('kept scores', () => {
  it('are told again without asking, for the candidates that were scored', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sagitta-scores-'));
    vi.stubEnv('SAGITTA_CACHE', folder);
    try {
      await using endpoint = await scriptedReranker(byLength);
      const rerankers = [keptScores(endpointReranker(such(endpoint.url)), 'key')];
      const ask = async (step: string) => {
        const environment = { extensions: { rerankers } };
        const { hits, trace } = await searchCorpus(corpus, 'harbour', { pipeline: `words > ${step}` }, environment);
        return { ids: hits.map(({ id }) => id).join(), note: trace.note };
      };
      await ask('rerank(far, depth=2)');
      const { ids, note } = await ask('rerank(far)');
      expect([ids, endpoint.requests.map(({ documents }) => documents!.length)]).toEqual(['short,middle,long', [2, 1]]);
      expect(note).toMatch(/2 of the scores were kept from before/);
      expect((await ask('rerank(far)')).ids).toBe(ids);
      expect(endpoint.requests.length).toBe(2);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
