// How long does `sagitta mcp` take from its start to the answer of its first search: by words alone, and with the encoder?
// A folder as argument keeps the collections for the next run: npm run bench -- mcp /tmp/mcp
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openCollection } from '../src/collection/index.ts';
import { median, quantile, report } from './harness.ts';
import { builtCli } from './lib-serve.ts';
import { readWordNet } from './lib-wordnet.ts';

const LEXICAL = 100_000;
const ENCODED = 5000;
const ROUNDS = 9;

const cli = builtCli();
const kept = process.argv[2]?.startsWith('-') ? undefined : process.argv[2];
const folder = kept ?? mkdtempSync(join(tmpdir(), 'sagitta-mcp-'));
try {
  const entries = readWordNet();
  const contestants = [
    { what: `by words, ${LEXICAL} passages`, encoder: 'none', count: LEXICAL, ms: [] as number[] },
    { what: `hybrid, minilm, ${ENCODED} passages`, encoder: 'minilm', count: ENCODED, ms: [] as number[] },
    { what: `hybrid, static, ${ENCODED} passages`, encoder: 'static', count: ENCODED, ms: [] as number[] },
  ];
  for (const { encoder, count } of contestants) {
    if (existsSync(join(folder, encoder))) continue;
    await using collection = await openCollection(join(folder, encoder), { create: true, encoder });
    await collection.add(entries.slice(0, count).map(({ text }, i) => ({ id: String(i), text, language: 'en' })));
    await collection.compact({ full: true });
  }
  const node: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const bare = await nodeAlone();
    if (round >= 0) node.push(bare);
    for (const { encoder, ms } of contestants) {
      const took = await firstAnswer(join(folder, encoder));
      if (round >= 0) ms.push(took);
    }
  }
  const row = (what: string, ms: readonly number[]) => ({
    what,
    'median ms': median(ms),
    'p95 ms': quantile(ms, 0.95),
  });
  report({
    name: 'mcp',
    threads: 2,
    columns: ['what', 'median ms', 'p95 ms'],
    rows: [row('Node alone', node), ...contestants.map(({ what, ms }) => row(what, ms))],
    notes: [
      `A new process each, from its start to the answer of its first search; ${ROUNDS} of each, interleaved, files in the page cache.`,
    ],
  });
} finally {
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
}

async function nodeAlone(): Promise<number> {
  const start = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - start;
}

/** Milliseconds from the start of the server to the answer of its first search. */
async function firstAnswer(directory: string): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, [cli, 'mcp', '--in', `notes=${directory}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const clientInfo = { name: 'bench', version: '1' };
  send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } });
  send({ method: 'notifications/initialized' });
  const query = 'domesticated animal that guards sheep';
  send({ id: 2, method: 'tools/call', params: { name: 'search', arguments: { query, relevant: false } } });
  for await (const line of createInterface(child.stdout)) {
    const { id, result } = JSON.parse(line);
    if (id !== 2) continue;
    const took = performance.now() - start;
    if (result.isError === true || !/dog|sheep/.test(result.content[0].text)) throw new Error(`no hits: ${line}`);
    child.stdin.end();
    await once(child, 'exit');
    return took;
  }
  throw new Error('the server ended before it answered');
}
