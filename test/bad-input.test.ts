import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../src/api/index.ts';
import { verifyCollection } from '../src/collection/index.ts';
import { KeyFile, serve } from '../src/server/index.ts';
import { program } from './support/command.ts';
import { testFolder } from './support/files.ts';
import { type Answer, NOTES, type TestServer, testServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer(NOTES, { requestTimeout: 1500 });
});
afterAll(() => server[Symbol.asyncDispose]());

const search = (body: unknown, headers?: Record<string, string>): Promise<Answer> =>
  server.ask('POST', '/v1/search', body, headers);

/** The answer is a problem document with this status and code, the log has a line of it, and the server goes on. */
async function expectProblem(answer: Answer, status: number, code: string): Promise<void> {
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = problemSchema.parse(answer.body);
  expect(problem).toMatchObject({ status, code, type: `urn:sagitta:problem:${code}` });
  expect(answer.headers.get('x-request-id')).toBe(problem.requestId);
  expect(server.log.find(({ id }) => id === problem.requestId)).toMatchObject({ status, code });
  expect((await search({ query: 'harbour', k: 1 })).status).toBe(200);
}

describe('requests that are wrong', () => {
  it('names a parameter that comes twice, and one that is not known', async () => {
    await expectProblem(await server.ask('GET', '/v1/documents?limit=1&limit=2'), 400, 'invalid-request');
    const unknown = await server.ask('GET', '/v1/documents?filtre=year');
    expect(unknown.body.detail).toMatch(/did you mean "filter"/);
    const lost = '{"documents": [{"id": "p", "text": "p", "metadata": {"__proto__": "x"}}]}';
    const refused = await server.ask('POST', '/v1/documents', lost);
    expect(refused.body.detail).toMatch(/\/documents\/0\/metadata\/__proto__/);
  });

  const deep = (depth: number): string =>
    `${'{"not":'.repeat(depth)}{"field":"year","op":"exists"}${'}'.repeat(depth)}`;
  it.each([
    ['malformed JSON', '{"query": "x"', 400, 'invalid-json', /JSON/],
    ['an empty body', '', 400, 'invalid-json', /nothing/],
    ['a wrong type', '{"query": 5}', 400, 'invalid-request', /\/query.*expected string/],
    ['an unknown field', '{"query": "x", "limit": 5}', 400, 'invalid-request', /\/limit: unknown field/],
    ['a nearly right field', '{"query": "x", "filtre": "a = 1"}', 400, 'invalid-request', /did you mean "filter"/],
    ['a field of other tools', '{"query": "x", "limit": 5}', 400, 'invalid-request', /did you mean "k"/],
    ['a member called __proto__', '{"query": "x", "__proto__": 5}', 400, 'invalid-request', /\/__proto__ in the body/],
    [
      'such a one that is hidden',
      '{"query": "x", "filter": {"\\u005f_proto__": {"and": []}}}',
      400,
      'invalid-request',
      /\/filter\/__proto__/,
    ],
    ['k of 0', '{"query": "x", "k": 0}', 400, 'invalid-request', /\/k/],
    ['k of a million', '{"query": "x", "k": 1000000}', 400, 'invalid-request', /\/k.*1000/],
    ['a query of a million characters', JSON.stringify({ query: 'x'.repeat(1e6) }), 400, 'invalid-request', /10000/],
    ['an empty query', '{"query": "  "}', 400, 'invalid-argument', /empty/],
    ['nothing to look for', '{"k": 3}', 400, 'invalid-argument', /Give `query`/],
    ['a vector of the wrong length', '{"vector": [1, 2, 3]}', 400, 'invalid-argument', /3 components.*64/],
    [
      'a vector whose products are infinite',
      JSON.stringify({ vector: Array.from({ length: 64 }, () => 3e38) }),
      400,
      'invalid-argument',
      /so long.*Divide it by its length/,
    ],
    ['a vector with a text in it', '{"vector": [1, "2"]}', 400, 'invalid-request', /\/vector\/1/],
    ['an unknown collection', '{"query": "x", "collection": "note"}', 404, 'not-found', /Did you mean "notes"/],
    ['a filter that does not parse', '{"query": "x", "filter": "year >"}', 400, 'invalid-argument', /character/],
    ['a filter of the wrong shape', '{"query": "x", "filter": {"and": []}}', 400, 'invalid-argument', /filter/],
    ['a filter 70 deep', `{"query": "x", "filter": ${deep(70)}}`, 400, 'invalid-argument', /64 levels/],
    ['a filter a thousand deep', `{"query": "x", "filter": ${deep(1000)}}`, 400, 'too-deep', /1002 levels/],
    [
      'a filter of 1,001 conditions',
      JSON.stringify({ filter: { not: { or: Array(1001).fill({ field: 'year', op: 'exists' }) } } }),
      400,
      'invalid-request',
      /\/filter: expected at most 1000 conditions; list values with "in"/,
    ],
    ['a filter of brackets', JSON.stringify({ query: 'x', filter: '('.repeat(5000) }), 400, 'invalid-argument', /64/],
    ['JSON of 100,000 brackets', '['.repeat(100_000), 400, 'too-deep', /nested/],
    [
      '__proto__ as a field',
      '{"query": "x", "__proto__": {"k": 1}}',
      400,
      'invalid-request',
      /unknown field|__proto__/,
    ],
    ['an unknown retriever', '{"query": "x", "retriever": "magic"}', 400, 'invalid-request', /\/retriever/],
    ['a language that is none', '{"query": "x", "language": "../en"}', 400, 'invalid-request', /\/language/],
  ])('%s', async (_what, body, status, code, message) => {
    const answer = await search(body);
    expect(`${answer.body.detail} ${answer.body.remedy ?? ''}`).toMatch(message);
    await expectProblem(answer, status, code);
  });

  it('another media type, and none', async () => {
    await expectProblem(
      await search('query=x', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'unsupported-media-type',
    );
    await expectProblem(await search('{"query":"x"}', { 'content-type': 'text/plain' }), 415, 'unsupported-media-type');
    for (const encoding of ['gzip', 'br', 'x'.repeat(2000)]) {
      const packed = await search('{"query":"x"}', { 'content-encoding': encoding });
      expect(packed.body.remedy).toMatch(/without Content-Encoding/);
      await expectProblem(packed, 415, 'unsupported-media-type');
    }
    expect((await search('{"query":"harbour"}', { 'content-encoding': 'identity' })).status).toBe(200);
  });

  it('bytes that are not UTF-8', async () => {
    const response = await fetch(`${server.url}/v1/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid-encoding' });
  });

  it('addresses that lead nowhere, or outside', async () => {
    await expectProblem(await server.ask('GET', '/v1/nothing'), 404, 'not-found');
    const patch = await server.ask('PATCH', '/v1/search', {});
    expect(patch.headers.get('allow')).toBe('POST');
    await expectProblem(patch, 405, 'method-not-allowed');
    for (const path of [
      '/v1/documents/..%2f..%2f..%2fetc%2fpasswd',
      '/v1/documents/%2e%2e%2fmanifest.json',
      '/v1/documents//etc/passwd',
    ]) {
      await expectProblem(await server.ask('GET', path), 404, 'not-found');
    }
    await expectProblem(await server.ask('GET', '/v1/collections/..%2fnotes'), 404, 'not-found');
    await expectProblem(await server.ask('GET', '/assets/..%2f..%2fpackage.json'), 404, 'not-found');
    for (const path of ['/v1/documents/%2e%2e', '/v1/..', '/./', '/assets/../x']) {
      const answer = await raw(
        server.running.port,
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(answer, path).toMatch(/^HTTP\/1\.1 400 .*between slashes/s);
    }
    await expectProblem(await server.ask('GET', '/v1/documents/%ff'), 400, 'invalid-request');
    await expectProblem(await server.ask('GET', '/v1/documents/harbour?lines=x'), 400, 'invalid-request');
    await expectProblem(await server.ask('GET', '/v1/documents?limit=0'), 400, 'invalid-request');
    await expectProblem(await server.ask('GET', '/v1/documents?paeg=2'), 400, 'invalid-request');
    await expectProblem(await server.ask('GET', '/v1/jobs/nothing'), 404, 'not-found');
  });

  it('documents that are none', async () => {
    await expectProblem(await server.ask('PUT', '/v1/documents/x', { text: 5 }), 400, 'invalid-request');
    await expectProblem(
      await server.ask('PUT', '/v1/documents/x', { text: 'x', metadata: { a: { b: 1 } } }),
      400,
      'invalid-request',
    );
    await expectProblem(await server.ask('POST', '/v1/documents', { documents: [] }), 400, 'invalid-request');
    await expectProblem(
      await server.ask('POST', '/v1/documents', { documents: [{ id: '', text: 'x' }] }),
      400,
      'invalid-request',
    );
    await expectProblem(await server.ask('POST', '/v1/documents/remove', {}), 400, 'invalid-request');
    await expectProblem(
      await server.ask('POST', '/v1/jobs', { kind: 'index', paths: ['/etc'] }),
      400,
      'invalid-request',
    );
  });

  it('a body of 50 MB, declared or not, is refused without being kept', async () => {
    const before = process.memoryUsage.rss();
    const declared = await raw(
      server.running.port,
      'POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50000000\r\n\r\n',
    );
    expect(declared).toMatch(/^HTTP\/1\.1 413 .*body-too-large/s);
    let sent = 0;
    const stream = new ReadableStream({
      pull(controller) {
        sent += 1e6;
        controller.enqueue(new Uint8Array(1e6).fill(0x20));
        if (sent >= 50e6) controller.close();
      },
    });
    const response = await fetch(`${server.url}/v1/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: stream,
      duplex: 'half',
    } as RequestInit).catch(() => undefined);
    if (response !== undefined) expect(response.status).toBe(413);
    expect(sent).toBeLessThan(50e6);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
    expect((await search({ query: 'harbour' })).status).toBe(200);
  });
});

/** Sends bytes over a connection of its own. @returns what came back until the other side closed it. */
async function raw(port: number, text: string, then: (socket: Socket) => void = () => undefined): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let answer = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => undefined);
  const closed = Promise.race([once(socket, 'end'), once(socket, 'close')]);
  socket.write(text);
  then(socket);
  await closed;
  socket.destroy();
  return answer;
}

describe('connections that misbehave', () => {
  const head = 'POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

  it('bytes that are not HTTP', async () => {
    expect(await raw(server.running.port, 'HELO there\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*invalid-http.*"remedy":/s);
    expect(await raw(server.running.port, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*one Host header/s);
    const headers = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`;
    expect(await raw(server.running.port, headers)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('a client that sends its body too slowly', async () => {
    const answer = await raw(server.running.port, `${head}Content-Length: 100\r\n\r\n{"que`);
    expect(answer).toMatch(/^HTTP\/1\.1 408 .*too-slow/s);
    expect((await search({ query: 'harbour' })).status).toBe(200);
  }, 40_000);

  it('a client that closes its side after the request, and one that closes both', async () => {
    const body = '{"query":"harbour","k":1}';
    const request = `${head}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const answer = await raw(server.running.port, request, (socket) => socket.end());
    // Whoever closes a side is taken to have gone, so that what nobody waits for is not worked on; it is a clean close.
    expect(answer).toMatch(/^$|^HTTP\/1\.1 200 /);
    for (let i = 0; i < 20; i++) await raw(server.running.port, request, (socket) => socket.destroy());
    expect((await search({ query: 'harbour' })).status).toBe(200);
    expect(server.faults).toEqual([]);
  });

  it('a client that goes while the server is at work for it', async () => {
    const documents = Array.from({ length: 3000 }, (_, i) => ({
      id: `gone/${i}`,
      text: `Number ${i} of many. `.repeat(20),
    }));
    const body = JSON.stringify({ documents });
    const socket = connect(server.running.port, '127.0.0.1');
    socket.write(
      `POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await expect
      .poll(() => server.ask('GET', '/metrics').then(({ body: text }) => text), { interval: 2 })
      .toMatch(/sagitta_pool_running\{pool="write"\} 1/);
    socket.destroy();
    await expect.poll(() => server.log.some(({ code }) => code === 'cancelled')).toBe(true);
    expect(server.faults).toEqual([]);
    await expect
      .poll(async () => (await server.ask('POST', '/v1/documents/remove', { prefix: 'gone/' })).status)
      .toBe(200);
  });

  it('requests for another host, and from pages of another website', async () => {
    const at = (header: string): Promise<string> =>
      raw(server.running.port, `GET /v1/collections HTTP/1.1\r\nConnection: close\r\n${header}\r\n\r\n`);
    expect(await at('Host: evil.example')).toMatch(/^HTTP\/1\.1 421 .*wrong-host/s);
    expect(await at('Host: localhost.evil.example:80')).toMatch(/^HTTP\/1\.1 421 /);
    expect(await at('Host: localhost:1\r\nOrigin: https://evil.example')).toMatch(/^HTTP\/1\.1 403 .*wrong-origin/s);
    expect(await at('Host: localhost:1\r\nOrigin: null')).toMatch(/^HTTP\/1\.1 403 /);
    // What browsers call a page that lies on the disk.
    for (const origin of ['file://', 'file://localhost', 'chrome-extension://localhost', 'ws://localhost:1'])
      expect(await at(`Host: localhost\r\nOrigin: ${origin}`)).toMatch(/^HTTP\/1\.1 403 .*wrong-origin/s);
    for (const host of [
      'Host:',
      'Host: a@localhost',
      'Host: localhost:99999',
      'Host: localhost/x',
      'Host: 127.0.0.999',
    ])
      expect(await at(host)).toMatch(
        /^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"invalid-request".*"remedy":/is,
      );
    const whole = (host: string): Promise<string> =>
      raw(server.running.port, `GET http://${host}/health HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n`);
    expect(await whole('evil.example')).toMatch(/^HTTP\/1\.1 421 .*The address names \\"evil\.example\\"/s);
    expect(await whole('localhost:1')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await at('Host: localhost:1\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors')).toMatch(
      /^HTTP\/1\.1 403 /,
    );
    expect(await at('Host: localhost:1\r\nOrigin: http://localhost:1')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('jobs that cannot be done', () => {
  it('fail with what is wrong, and are no faults of the server', async () => {
    for (const encoder of ['nosuch', '../../x', 'http://127.0.0.1:1/#x']) {
      const { body } = await server.ask('POST', '/v1/jobs', { kind: 'reencode', encoder });
      const job = async () =>
        (await server.ask('GET', '/v1/jobs')).body.jobs.find(({ id }: { id: string }) => id === body.id);
      await expect.poll(async () => (await job()).state, { timeout: 20_000 }).toBe('failed');
      expect((await job()).problem).toMatch(/encoder/);
    }
    expect(server.faults).toEqual([]);
  });
});

describe('API keys', () => {
  it('decide who may do what; are hashed on disk; never logged; gone at once when removed', async () => {
    using folder = testFolder();
    const file = folder.at('keys.json');
    const keys = new KeyFile(file);
    const reader = await keys.add('reader', 'read');
    const writer = await keys.add('writer', 'write');
    await using guarded = await testServer(NOTES, { keys, cors: ['https://app.example'] });
    const as = (
      key: string | undefined,
      method = 'POST',
      path = '/v1/search',
      body: unknown = { query: 'harbour' },
    ): Promise<Answer> => guarded.ask(method, path, body, key === undefined ? {} : { authorization: `Bearer ${key}` });

    expect((await as(undefined)).status).toBe(401);
    expect((await as(undefined)).headers.get('www-authenticate')).toMatch(/Bearer/);
    expect((await as(`${reader.key}x`)).body.code).toBe('unauthorized');
    expect((await as(reader.key.replace(reader.info.id, writer.info.id))).status).toBe(401);
    expect((await as(reader.key)).status).toBe(200);
    expect((await as(reader.key, 'PUT', '/v1/documents/n', { text: 'n' })).body).toMatchObject({
      status: 403,
      code: 'forbidden',
    });
    expect((await as(writer.key, 'PUT', '/v1/documents/n', { text: 'n' })).status).toBe(200);
    expect((await guarded.ask('GET', '/metrics')).status).toBe(401);
    expect((await guarded.ask('GET', '/health')).status).toBe(200);
    expect((await guarded.ask('POST', '/mcp', {})).status).toBe(401);

    const page = await fetch(`${guarded.url}/v1/collections`, {
      headers: { origin: 'https://app.example', authorization: `Bearer ${reader.key}` },
    });
    expect(page.headers.get('access-control-allow-origin')).toBe('https://app.example');

    await new KeyFile(file).remove('reader');
    await new Promise((next) => setTimeout(next, 1100));
    expect((await as(reader.key)).status).toBe(401);
    const secrets = [reader.key, writer.key].map((key) => key.split('_').slice(2).join('_'));
    const { readFileSync } = await import('node:fs');
    for (const secret of secrets) {
      expect(readFileSync(file, 'utf8')).not.toContain(secret);
      expect(JSON.stringify(guarded.log)).not.toContain(secret);
    }
    expect(guarded.log.some(({ client }) => client === `key ${writer.info.id}`)).toBe(true);
  });

  it('are needed to listen for others', async () => {
    await expect(testServer([], { host: '0.0.0.0' })).rejects.toThrow(/lets others in.*sagitta keys add/);
  });
});

describe('limits', () => {
  it('requests beyond what one client may have under way get 429', async () => {
    await using small = await testServer(NOTES, { perClient: 1 });
    const search = (): Promise<Answer> => small.ask('POST', '/v1/search', { query: 'harbour' });
    const answers = await Promise.all(Array.from({ length: 30 }, search));
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    const refused = answers.find(({ status }) => status !== 200)!;
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.body.code).toBe('too-many-requests');
    expect((await search()).status).toBe(200);
  });

  it('slow senders do not make others wait behind their address', async () => {
    await using small = await testServer(NOTES, { perClient: 3 });
    const slow = Array.from({ length: 30 }, () => connect(small.running.port, '127.0.0.1'));
    for (const socket of slow) {
      socket.on('error', () => undefined);
      socket.write(
        'POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{',
      );
    }
    await new Promise((next) => setTimeout(next, 200));
    expect((await small.ask('POST', '/v1/search', { query: 'harbour' })).status).toBe(200);
    for (const socket of slow) socket.destroy();
  });

  it('who asks and does not read is dropped', async () => {
    const text = 'a long letter '.repeat(20_000);
    await using small = await testServer([{ id: 'letter', text }], { requestTimeout: 1000 });
    const socket = connect(small.running.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    for (let i = 0; i < 150; i++) socket.write('GET /v1/documents/letter HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await expect.poll(() => small.log.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await new Promise((next) => setTimeout(next, 4000));
    // What the system had taken for the client is all that comes.
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    socket.resume();
    await once(socket, 'close');
    expect(received).toBeLessThan(100 * text.length);
  });

  it.each(['127.0.0.999', '127.0.0.1:99999', 'a b', '[::1', '%'])('the host %j is a 400', async (host) => {
    const socket = connect(server.running.port, '127.0.0.1');
    socket.write(`GET /v1/collections HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 4(00|21) /);
    if (host === '127.0.0.999') expect(answer).toContain('"code":"invalid-request"');
  });

  it('a read-only server refuses to write', async () => {
    await using frozen = await testServer(NOTES, { readOnly: true });
    expect((await frozen.ask('PUT', '/v1/documents/x', { text: 'x' })).body.detail).toMatch(/only reads/);
    expect((await frozen.ask('GET', '/v1/collections')).body.collections[0].capabilities.write).toBe(false);
  });
});

describe('what happens while serving', () => {
  it('a collection that disappears is a problem until it is back; the others go on', async () => {
    using folder = testFolder();
    await using moving = await testServer(NOTES);
    await using other = await testServer(NOTES.slice(0, 1));
    const both = await serve({
      collections: [
        { name: 'moving', directory: moving.directory },
        { name: 'other', directory: other.directory },
      ],
      port: 0,
      threads: 1,
      web: null,
    });
    const ask = async (collection: string): Promise<number> =>
      (
        await fetch(`${both.url}/v1/search`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query: 'key', collection }),
        })
      ).status;
    try {
      expect([await ask('moving'), await ask('other')]).toEqual([200, 200]);
      await rename(moving.directory, folder.at('away'));
      expect([await ask('moving'), await ask('other')]).toEqual([404, 200]);
      const { collections } = await (await fetch(`${both.url}/v1/collections`)).json();
      expect(collections).toMatchObject([
        { state: 'unavailable', problem: expect.stringMatching(/no collection/) },
        { state: 'ready' },
      ]);
      await rename(folder.at('away'), moving.directory);
      expect([await ask('moving'), await ask('other')]).toEqual([200, 200]);
    } finally {
      await both.stop();
    }
  });

  it('a port in use is said before anything starts', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    await expect(testServer([], { port })).rejects.toThrow(/Port \d+ on 127\.0\.0\.1 is in use.*--port/);
    blocker.close();
  });

  it('a disk that is locked by another writer is a 409 to try again', async () => {
    const { openLocalStore } = await import('../src/store/index.ts');
    const writer = await (await openLocalStore(server.directory)).writer();
    try {
      const answer = await server.ask('PUT', '/v1/documents/x', { text: 'x' });
      expect(answer.headers.get('retry-after')).toBe('1');
      await expectProblem(answer, 409, 'collection-locked');
    } finally {
      await writer.close();
    }
  });

  it('SIGTERM under load: what was acknowledged is there, nobody gets a broken answer, the exit code is 0', async () => {
    await using idle = await testServer(NOTES);
    const child = spawn(
      process.execPath,
      [...program, 'serve', '--in', `notes=${idle.directory}`, '--port', '0', '--json', '--no-page'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const exit = once(child, 'exit');
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    let stdout = '';
    const url = await new Promise<string>((done) => {
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        stdout += chunk;
        const line = stdout.split('\n').find((text) => text.startsWith('{"url"'));
        if (line !== undefined) done(JSON.parse(line).url);
      });
    });
    const acknowledged: string[] = [];
    const broken: unknown[] = [];
    let stopped = false;
    const load = Array.from({ length: 6 }, async (_, worker) => {
      for (let i = 0; !stopped; i++) {
        const id = `load/${worker}-${i}`;
        try {
          const writing = worker < 2;
          const response = await fetch(`${url}/v1/${writing ? `documents/${id}` : 'search'}`, {
            method: writing ? 'PUT' : 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(writing ? { text: `Written as number ${i}.` } : { query: 'harbour' }),
          });
          const body = await response.json();
          if (response.status === 200) {
            if (writing) acknowledged.push(id);
          } else if (response.status === 503) {
            expect(body.code).toBe('stopping');
            return;
          } else broken.push(body);
        } catch (error) {
          const { code } = ((error as Error).cause ?? {}) as { code?: string };
          // After the answer to the last request the connection is gone, or nobody listens any more.
          if (!stopped || !['ECONNREFUSED', 'UND_ERR_SOCKET', 'ECONNRESET'].includes(code ?? '')) broken.push(error);
          return;
        }
      }
    });
    await new Promise((next) => setTimeout(next, 700));
    child.kill('SIGTERM');
    stopped = true;
    await Promise.all(load);
    const [code] = await exit;
    expect(code, stderr).toBe(0);
    expect(broken).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect((await verifyCollection(idle.directory)).sound).toBe(true);
    for (const id of acknowledged) expect((await idle.ask('GET', `/v1/documents/${id}`)).status).toBe(200);
  }, 60_000);
});
