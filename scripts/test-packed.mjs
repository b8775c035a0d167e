// Packs the package, installs the tarball into an empty folder, and uses it as a stranger would: the command line, a
// program that imports every sub-path, and the types.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkInBrowser } from './browser-check.mjs';
import { checkOtherRuntimes } from './other-runtimes.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'sagitta-packed-'));

const run = (command, args, { cwd = work, expect = 0 } = {}) => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== expect) {
    console.error(`${command} ${args.join(' ')}: exit ${status}, expected ${expect}\n${stdout}\n${stderr}`);
    process.exit(1);
  }
  return stdout;
};
const check = (condition, what) => {
  if (!condition) {
    console.error(`failed: ${what}`);
    process.exit(1);
  }
  console.log(`ok  ${what}`);
};

try {
  const [{ filename, size, files }] = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', work], { cwd: root }),
  );
  console.log(`${filename}: ${(size / 1e6).toFixed(2)} MB, ${files.length} files`);
  check(size <= 4e6, 'the package has at most 4 MB');
  check(
    !files.some(({ path }) => /\.test\.|^(src|test|bench|lab|scripts)\/|evidence/.test(path)),
    'the package holds no sources, tests, papers or evidence',
  );

  writeFileSync(join(work, 'package.json'), '{"private": true, "type": "module"}');
  // The hosts of the adapters are optional peers: whoever uses those entries installs them.
  const peers = ['@langchain/core', '@llamaindex/core', 'ai'].map(
    (name) => `${name}@${manifest.devDependencies[name]}`,
  );
  // Mastra is no peer: its tools are plain objects. An agent of it uses one below.
  peers.push('@mastra/core@1.71.0');
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', join(work, filename), ...peers]);

  // What a page fetches, and no module of Node: a script of its worker, and weights.
  const assets = Object.entries(manifest.exports).filter(([entry]) => /^.\/browser\/worker$|\.bin$/.test(entry));
  check(
    assets.every(([, file]) => existsSync(join(work, 'node_modules', manifest.name, file))),
    `${assets.map(([entry]) => entry).join(' and ')} are there for pages`,
  );
  const fetched = assets.map(([entry]) => entry);
  const entries = Object.keys(manifest.exports).filter(
    (entry) => !['./package.json', './threads/worker', ...fetched].includes(entry),
  );
  writeFileSync(
    join(work, 'mastra.mjs'),
    `import { Agent } from '@mastra/core/agent';
import { MockLanguageModelV3 } from 'ai/test';
import { openCollection } from 'sagitta-search';
import { searchTool } from 'sagitta-search/mastra';
const collection = await openCollection('mastra-notes', { create: true, encoder: 'none' });
await collection.add([{ id: 'keys', text: 'Rotate the signing key every ninety days.' }]);
const prompts = [];
const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const model = new MockLanguageModelV3({
  doGenerate: async ({ prompt }) => {
    const first = prompts.push(JSON.stringify(prompt)) === 1;
    const call = { type: 'tool-call', toolCallId: 'c', toolName: 'search', input: '{"query":"signing key"}' };
    const content = [first ? call : { type: 'text', text: 'Every ninety days.' }];
    return { content, finishReason: { unified: first ? 'tool-calls' : 'stop' }, usage, warnings: [] };
  },
});
const tools = { search: searchTool(collection) };
const agent = new Agent({ id: 'helper', name: 'helper', instructions: 'Answer from the notes.', model, tools });
const { text } = await agent.generate('How often are keys rotated?');
console.log(text, prompts.length, prompts[1].includes('Rotate the signing key every ninety days.'));
await collection.close();
process.exit();
`,
  );
  check(
    run(process.execPath, ['mastra.mjs']).trim().endsWith('Every ninety days. 2 true'),
    "an agent of Mastra searches with the package's tool",
  );

  writeFileSync(
    join(work, 'imports.mjs'),
    `${entries.map((entry, i) => `import * as m${i} from 'sagitta-search${entry.slice(1)}';`).join('\n')}
for (const [entry, module] of [${entries.map((entry, i) => `['${entry}', m${i}]`).join(', ')}]) {
  if (Object.keys(module).length === 0) throw new Error(entry + ' exports nothing');
}
const { openCollection } = m0;
const { openThreads, kMeans, Vectors } = { ...m${entries.indexOf('./threads')}, ...m${entries.indexOf('./codec')}, ...m${entries.indexOf('./base')} };
const threads = await openThreads({ threads: 2 });
const many = new Vectors(Float32Array.from({ length: 40_000 }, (_, i) => Math.sin(i)), 8);
const [one, two] = [await kMeans(many, { k: 8 }), await kMeans(many, { k: 8, threads })];
if (one.error !== two.error) throw new Error('threads change results');
await threads.close();
const collection = await openCollection('notes', { create: true });
await collection.add([
  { id: 'a', title: 'Keys', text: 'Rotate the signing key every ninety days.' },
  { id: 'b', title: 'Backups', text: 'Copies are taken at night.' },
]);
const { hits } = await collection.search('how often do keys change?');
if (hits[0].id !== 'a') throw new Error('wrong first hit: ' + hits[0].id);
await collection.close();
const threaded = await openCollection('notes', { threads: 2 });
const batch = await threaded.searchAll(['how often do keys change?', 'copies at night']);
if (batch.map(({ hits }) => hits[0].id).join() !== 'a,b') throw new Error('threads change what searches find');
await threaded.close();
console.log('imported', ${entries.length}, 'entries');
`,
  );
  check(
    run(process.execPath, ['imports.mjs']).includes(`imported ${entries.length}`),
    `every one of ${entries.length} entries imports and works`,
  );

  // The types of these hosts do not hold by themselves: of `ai` without another package that it does not bring, of LlamaIndex.TS where libraries are checked.
  const typed = entries.filter((entry) => entry !== './ai' && entry !== './llamaindex');
  writeFileSync(
    join(work, 'types.ts'),
    `${typed.map((entry, i) => `import * as m${i} from 'sagitta-search${entry.slice(1)}';`).join('\n')}
export const all = [${typed.map((_, i) => `m${i}`).join(', ')}];
const collection: m0.Collection = await m0.openCollection('x');
const result: m0.SearchResult = await collection.search('q', { filter: m0.gte('year', 2020) });
// @ts-expect-error k is a number
await collection.search('q', { k: '10' });
export const first: string | undefined = result.hits[0]?.text;
`,
  );
  run(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--lib',
    'es2023,dom',
    '--module',
    'nodenext',
    '--moduleResolution',
    'nodenext',
    '--typeRoots',
    join(root, 'node_modules/@types'),
    '--types',
    'node',
    'types.ts',
  ]);
  check(true, 'the types are there and refuse mistakes');

  mkdirSync(join(work, 'docs'));
  writeFileSync(join(work, 'docs/keys.md'), '# Keys\n\n## Rotation\n\nRotate the signing key every ninety days.\n');
  const cli = join(work, 'node_modules/.bin/sagitta');
  check(JSON.parse(run(cli, ['index', 'docs', '--json'])).added === 1, 'sagitta index');
  const { hits } = JSON.parse(run(cli, ['search', 'how do I rotate the key', '--json']));
  check(hits[0].path === 'docs/keys.md' && hits[0].text.includes('ninety'), 'sagitta search');
  run(cli, ['verify']);
  check(true, 'sagitta verify');
  run(cli, ['doctor']);
  check(true, 'sagitta doctor');
  check(run(cli, ['--version']).trim() === manifest.version, 'sagitta --version');
  run(cli, ['export', '--offline', 'offline']);
  const kept = JSON.parse(readFileSync(join(work, 'offline/files.json'), 'utf8')).files.map((file) =>
    join(work, 'offline', file),
  );
  const named = kept
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/(?:\bimport\(|\bfrom ?)["'`](\.{1,2}\/[^"'`]+\.js)["'`]/g)].map(
        ([, name]) => join(dirname(file), name),
      ),
    );
  check(
    named.length > 20 && [...kept, ...named].every((file) => existsSync(file)),
    `sagitta export --offline: a page of ${kept.length} files, and all ${named.length} scripts that they name`,
  );
  const server = spawn(cli, ['serve', '--port', '0', '--json'], { cwd: work, stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise((done) => server.once('exit', done));
  const url = await new Promise((done) => {
    server.stdout.once('data', (line) => done(JSON.parse(String(line).split('\n')[0]).url));
  });
  const asked = await fetch(`${url}/v1/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"how do I rotate the key"}',
  });
  check((await asked.json()).hits[0].text.includes('ninety'), 'sagitta serve answers over HTTP');
  const page = await (await fetch(url)).text();
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1];
  check(script !== undefined && (await fetch(url + script)).ok, 'and serves the page from the package');
  server.kill('SIGTERM');
  check((await exit) === 0, 'and ends with exit code 0 on SIGTERM');
  const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const { stdout: spoken } = spawnSync(cli, ['mcp'], {
    cwd: work,
    encoding: 'utf8',
    input: `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: hello })}\n`,
  });
  check(JSON.parse(spoken.split('\n')[0]).result.serverInfo.name === 'sagitta', 'sagitta mcp');
  const browsed = await checkInBrowser(work, manifest);
  if (browsed === undefined)
    console.log('skipped: there is no Chromium (apt-get install chromium, or SAGITTA_CHROMIUM)');
  else check(true, browsed);
  for (const { name, skipped, failed } of checkOtherRuntimes(work)) {
    if (skipped !== undefined) console.log(`skipped: ${name}, ${skipped}`);
    else check(failed === undefined, `${name} indexes and searches${failed === undefined ? '' : `: ${failed}`}`);
  }
  run(cli, ['serach', 'x'], { expect: 2 });
  check(true, 'an unknown command ends with exit code 2');
} finally {
  rmSync(work, { recursive: true, force: true });
}
