import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hostExtensions } from '../src/collection/host-extensions.ts';
import { openCollection, RemoteNotAllowedError } from '../src/index.ts';
import type { Reranker } from '../src/search/index.ts';
import { sagittaIn } from './support/command.ts';
import { testFolder } from './support/files.ts';
import { scriptedModel } from './support/scripted-model.ts';
import { byLength, scriptedReranker } from './support/scripted-reranker.ts';
import { testServer } from './support/server.ts';

const NOTES = [
  { id: 'long', text: 'The harbour, the harbour: once more the harbour, and a pier.' },
  { id: 'short', text: 'A harbour.' },
];
const idsOf = (hits: readonly { id: string }[]): string[] => hits.map(({ id }) => id);
afterEach(() => vi.unstubAllEnvs());

describe('a reranker that the user named', () => {
  it('works on the command line by the configuration of the folder', async () => {
    await using endpoint = await scriptedReranker(byLength);
    using folder = testFolder({ 'docs/long.md': NOTES[0]!.text, 'docs/short.md': NOTES[1]!.text });
    const rerankers = { far: { url: endpoint.url, model: 'm', keep: false } };
    writeFileSync(folder.at('sagitta.config.json'), JSON.stringify({ rerankers }));
    const indexed = await sagittaIn(folder.path, 'index', 'docs', '--encoder', 'none');
    expect(indexed.code, indexed.stderr).toBe(0);
    const found = await sagittaIn(folder.path, 'search', '--json', 'harbour', '--pipeline', 'words > rerank(far)');
    expect(found.code, found.stderr).toBe(0);
    expect(idsOf(JSON.parse(found.stdout).hits)).toEqual(['docs/short.md', 'docs/long.md']);
    expect(endpoint.requests).toHaveLength(1);
  }, 120_000);

  it('works over HTTP and MCP by the environment', async () => {
    await using endpoint = await scriptedReranker(byLength);
    const rerankers = { far: { url: endpoint.url, model: 'm', keep: false } };
    vi.stubEnv('SAGITTA_RERANKERS', JSON.stringify(rerankers));
    await using server = await testServer(NOTES, { timeout: 100_000 }, 'none');
    const body = { query: 'harbour', pipeline: 'words > rerank(far)' };
    const answer = await server.ask('POST', '/v1/search', body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(idsOf(answer.body.hits)).toEqual(['short', 'long']);
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'search', arguments: body } };
    const told = await server.ask('POST', '/mcp', call, { accept: 'application/json, text/event-stream' });
    expect(told.status).toBe(200);
    expect(endpoint.requests).toHaveLength(2);
  }, 120_000);

  it('is run for a pipeline that a collection names only where sending texts away was agreed to', async () => {
    using folder = testFolder();
    let asked = 0;
    const far: Reranker = {
      id: 'far',
      remote: true,
      score: async (_, candidates) => {
        asked++;
        return candidates.map(({ length }) => -length);
      },
    };
    const extensions = { rerankers: [far] };
    const open = (allowRemote: boolean) =>
      openCollection(folder.at('c'), { create: true, encoder: 'none', extensions, allowRemote });
    await using collection = await open(false);
    await collection.add(NOTES);
    const own = 'words > rerank(far)';
    expect(idsOf((await collection.search('harbour', { pipeline: own })).hits)).toEqual(['short', 'long']);
    await collection.namePipeline('careful', own);
    await collection.setDefaultPipeline('careful');
    for (const options of [{}, { pipeline: 'careful' }, { pipeline: 'careful > group' }]) {
      await expect(collection.search('harbour', options)).rejects.toThrow(RemoteNotAllowedError);
      await expect(collection.search('harbour', options)).rejects.toThrow(/The reranker "far" sends texts/);
    }
    expect(asked).toBe(1);
    await using trusted = await open(true);
    expect(idsOf((await trusted.search('harbour')).hits)).toEqual(['short', 'long']);
  });

  it('may be a language model, which is asked each thing once', async () => {
    using folder = testFolder();
    vi.stubEnv('SAGITTA_CACHE', folder.at('cache'));
    await using endpoint = await scriptedModel({ say: '[2] > [1]' });
    vi.stubEnv('SAGITTA_MODELS', JSON.stringify({ writer: { model: 'tiny', url: endpoint.url } }));
    await using collection = await openCollection(folder.at('c'), {
      create: true,
      encoder: 'none',
      extensions: await hostExtensions(),
    });
    await collection.add(NOTES);
    const search = () => collection.search('harbour', { pipeline: 'words > rerank(listwise)' });
    const { hits, trace } = await search();
    expect(idsOf(hits)).toEqual(['short', 'long']);
    expect(trace.note).toMatch(/openai:tiny@127\.0\.0\.1:\d+ put 1 windows of 2 in order/);
    await search();
    expect(endpoint.requests).toHaveLength(1);
  });

  it.each([
    ['SAGITTA_RERANKERS', '{', /no JSON.*Write \{"jina"/],
    ['SAGITTA_RERANKERS', '[]', /are no object/],
    ['SAGITTA_RERANKERS', '{"far": {"urll": "x"}}', /a member "urll". Did you mean "url"/],
    ['SAGITTA_RERANKERS', '{"far": {"url": "x", "model": "m"}}', /not the address of an endpoint/],
    ['SAGITTA_MODELS', '{"a b": {}}', /cannot be a name/],
    ['SAGITTA_MODELS', '{"a": {}}', /no name/],
  ])('is refused where %s is %s', async (variable, value, message) => {
    vi.stubEnv(variable, value);
    await expect(hostExtensions()).rejects.toThrow(message);
  });
});
