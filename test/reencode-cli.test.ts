import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { testEncoder } from 'sagitta-search/encode';
import { describe, expect, it } from 'vitest';
import { program } from './support/command.ts';
import { type TestFolder, testFolder } from './support/files.ts';

const pages = Object.fromEntries(
  Array.from({ length: 40 }, (_, i) => [`docs/p${i}.md`, `# Page ${i}\n\nThe copper lamp number ${i} by the river.\n`]),
);

function start(folder: TestFolder, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [...program, ...args], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const text = async (stream: NodeJS.ReadableStream) => {
    let all = '';
    for await (const piece of stream) all += piece;
    return all;
  };
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return { code, stdout, stderr };
}

const sagitta = (folder: TestFolder, ...args: string[]) => ended(start(folder, ...args));

/** An endpoint that takes its time and counts the texts that it is given. */
async function slowEndpoint(milliseconds: number) {
  const encoder = testEncoder({ dim: 16 });
  const state = { texts: 0 };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const { input } = JSON.parse(body) as { input: string[] };
    await sleep(milliseconds);
    state.texts += input.length;
    const vectors = await encoder.encode(input);
    const data = input.map((_, index) => ({ index, embedding: [...vectors.row(index)] }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const spec = `http:http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/embeddings#m?dim=16`;
  return {
    spec,
    state,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('sagitta reencode', () => {
  it('changes the encoder, says what became of the rest, and prints one JSON object on request', async () => {
    using folder = testFolder(pages);
    await sagitta(folder, 'index', 'docs', '--encoder', 'hash:64');
    expect(await sagitta(folder, 'reencode')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/Add --encoder/),
    });
    const refused = await sagitta(folder, 'index', 'docs', '--encoder', 'hash:128');
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringMatching(/sagitta reencode --encoder hash:128/) });
    const { code, stdout, stderr } = await sagitta(folder, 'reencode', '--encoder', 'hash:128');
    expect(code, stderr).toBe(0);
    expect(stdout).toBe('reencoded 40 passages with hash:128; until now it was hash:64\n');
    const again = await sagitta(folder, 'reencode', '--encoder', 'hash:128');
    expect(again.stdout).toBe('the encoder is hash:128 already; nothing was changed\n');
    const none = JSON.parse((await sagitta(folder, 'reencode', '--encoder', 'none', '--json')).stdout);
    expect(none).toMatchObject({ before: 'hash:128', encoder: 'none', passages: 40, encoded: 0 });
    expect((await sagitta(folder, 'reencode', '--abandon')).stdout).toMatch(/no change of the encoder/);
    expect((await sagitta(folder, 'verify')).stdout).toMatch(/^sound/);
  }, 240_000);
});

describe('sagitta index --quick', () => {
  it('ends with the better encoder, and later runs index with that', async () => {
    using folder = testFolder(pages);
    const quick = ['--quick', '--quick-encoder', 'hash:64', '--encoder', 'hash:128'];
    const { code, stdout, stderr } = await sagitta(folder, 'index', 'docs', ...quick);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/searchable now, with hash:64/);
    expect(stdout).toMatch(/indexed: 40 documents added[\s\S]*reencoded 40 passages with hash:128/);
    folder.write({ 'docs/more.md': '# More\n\nA violin.\n' });
    const report = JSON.parse((await sagitta(folder, 'index', 'docs', ...quick, '--json')).stdout);
    expect(report).toMatchObject({ added: 1, documents: 41 });
    expect(report.reencode).toBeUndefined();
    expect(JSON.parse((await sagitta(folder, 'inspect', '--json')).stdout).settings.encoder).toBe('hash:128');
    // An encoder that somebody chose is not replaced in passing.
    const other = ['--quick', '--quick-encoder', 'hash:64', '--encoder', 'hash:32'];
    expect((await sagitta(folder, 'index', 'docs', ...other)).code).toBe(2);
  }, 240_000);

  it('interrupted, leaves a collection that can be searched, and says how to go on', async () => {
    using folder = testFolder(pages);
    // Two passages of the collection in one request would be too quick to interrupt.
    await using endpoint = await slowEndpoint(150);
    const quick = ['--quick', '--quick-encoder', 'hash:64', '--encoder', endpoint.spec];
    folder.write(Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`docs/q${i}.txt`, `wheat garden ${i}`])));
    const child = start(folder, 'index', 'docs', ...quick);
    const end = ended(child);
    await expect.poll(() => endpoint.state.texts, { timeout: 120_000, interval: 5 }).toBeGreaterThan(0);
    expect(endpoint.state.texts).toBeLessThan(740);
    child.kill('SIGINT');
    const { code, stderr } = await end;
    expect(code, stderr).toBe(130);
    expect(stderr).toMatch(/searchable now, with hash:64/);
    const found = await sagitta(folder, 'search', 'copper lamp 7', '-k', '1');
    expect(found.stdout, found.stderr).toMatch(/p7\.md/);
    expect((await sagitta(folder, 'inspect')).stdout).toMatch(
      /to get the encoder http:.*reencode --in \.sagitta. goes on/,
    );
    // Indexing without --quick says so, and adds to what is served.
    folder.write({ 'docs/more.md': '# More\n\nA violin.\n' });
    const plain = await sagitta(folder, 'index', 'docs');
    expect(plain.stderr).toMatch(/The collection is to get the encoder http:.*sagitta reencode/);
    const seen = endpoint.state.texts;
    const rest = await sagitta(folder, 'index', 'docs', ...quick);
    expect(rest.code, rest.stderr).toBe(0);
    expect(rest.stdout).toMatch(/reencoded 741 passages with http:/);
    expect(endpoint.state.texts).toBeLessThanOrEqual(741 + 512);
    expect(endpoint.state.texts).toBeGreaterThanOrEqual(Math.max(741, seen));
    expect((await sagitta(folder, 'verify')).stdout).toMatch(/^sound/);
  }, 240_000);
});
