import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openCollection } from 'sagitta-search';
import { InvalidArgumentError, StorageError, TrainingDivergedError } from 'sagitta-search/base';
import { openEncoder } from 'sagitta-search/encode';
import { type TuneOptions, tune } from 'sagitta-search/train';
import { describe, expect, it } from 'vitest';
import { shippedTable, writeTable } from '../src/encode/index.ts';
import { testFolder } from './support/files.ts';
import { collectionIn, documents, examples } from './support/tuning.ts';

const loader = fileURLToPath(import.meta.resolve('tsx'));
const options: TuneOptions = { examples, epochs: 30, learningRate: 5e-3, adapter: { form: 'linear' }, threads: 1 };

describe('tuning that fails', () => {
  it('names the step at which the loss is no number, and the collection keeps its encoder', async () => {
    using folder = testFolder();
    await using collection = await collectionIn(folder.at('c'));
    const before = readFileSync(folder.at('c/manifest.json'));
    const error = await tune(collection, { ...options, learningRate: 1e38 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TrainingDivergedError);
    expect((error as Error).message).toMatch(
      /^Training diverged at step \d+: loss .* The state before this step is kept\..*Lower the learning rate/,
    );
    expect(readFileSync(folder.at('c/manifest.json'))).toEqual(before);
    expect(existsSync(folder.at('c/encoders'))).toBe(false);
    expect((await tune(collection, options)).deployed).toBeDefined();
  });

  it('does not deploy what it cannot save, and deploys without training again when there is room', async () => {
    using folder = testFolder();
    await using collection = await collectionIn(folder.at('c'));
    const before = readFileSync(folder.at('c/manifest.json'));
    folder.write({ 'c/encoders': 'in the way' });
    await expect(tune(collection, options)).rejects.toThrow(StorageError);
    expect(readFileSync(folder.at('c/manifest.json'))).toEqual(before);
    expect((await collection.search(examples[0]!.query)).hits.length).toBeGreaterThan(0);
    rmSync(folder.at('c/encoders'));
    const report = await tune(collection, { ...options, resume: true });
    expect(report.resumedFrom).toBe(report.steps);
    expect(report.deployed).toBeDefined();
  });

  it.runIf(process.platform === 'linux')(
    'reports a disk that is full for a checkpoint',
    async () => {
      using folder = testFolder();
      const collection = await collectionIn(folder.at('c'));
      await collection.close();
      const before = readFileSync(folder.at('c/manifest.json'));
      const pairs = examples.map(({ query, relevant }) => JSON.stringify({ query, document: relevant[0] }));
      folder.write({ 'pairs.jsonl': pairs.join('\n') });
      const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
      // No file may grow beyond 64 KiB: tsx compiled its cache before.
      const command = `ulimit -f 64; exec "$0" --import "$1" "$2" tune --in c --pairs pairs.jsonl --quiet`;
      const { status, stderr } = spawnSync('bash', ['-c', command, process.execPath, loader, main], {
        cwd: folder.path,
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1', TSX_DISABLE_CACHE: '1' },
        timeout: 60_000,
      });
      expect(stderr).toMatch(/Cannot write .*safetensors\. The file system takes no file of this size\./);
      expect(status).toBeGreaterThan(1);
      expect(readFileSync(folder.at('c/manifest.json'))).toEqual(before);
      expect(existsSync(folder.at('c/encoders'))).toBe(false);
      expect(readdirSync(folder.at('c/tuning'))).toEqual([]);
    },
    60_000,
  );

  it('refuses the weights of an encoder behind an endpoint, and corrects its vectors instead', async () => {
    const behind = await openEncoder('hash:64');
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { input } = JSON.parse(Buffer.concat(chunks).toString());
      const vectors = await behind.encode(input);
      const data = input.map((_: string, index: number) => ({ index, embedding: [...vectors.row(index)] }));
      response.end(JSON.stringify({ data }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http:http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/embeddings#m`;
      using folder = testFolder();
      await using collection = await collectionIn(folder.at('c'), url);
      const before = readFileSync(folder.at('c/manifest.json'));
      for (const what of ['encoder', 'query'] as const) {
        const error = await tune(collection, { ...options, what }).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect((error as Error).message).toContain('Use --what adapter');
      }
      expect(readFileSync(folder.at('c/manifest.json'))).toEqual(before);
      const report = await tune(collection, options);
      expect(report.deployed).toMatch(/^tuned:adapter-/);
      const { hits } = await collection.search(examples[0]!.query, { retriever: 'dense', k: 10 });
      expect(hits.map(({ id }) => id)).toContain('d0');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('re-encoding', () => {
  it('killed at any moment leaves the old encoder or the new one whole, and can be repeated', async () => {
    using folder = testFolder();
    const table = await shippedTable();
    writeFileSync(folder.at('table.bin'), writeTable(table));
    const many = 3_000;
    const before = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await before.add(
      Array.from({ length: many }, (_, i) => ({ id: `n${i}`, text: `${documents[i % 48]!.text} ${i}` })),
    );
    await before.close();
    const child = fileURLToPath(new URL('./reencode-child.ts', import.meta.url));
    const args = ['--import', loader, child, folder.at('c'), folder.at('table.bin'), String(table.dim)];
    const outcomes: string[] = [];
    // As a process leaves it that is killed while it saves a model.
    folder.write({ 'c/encoders/.new-abc123/model.onnx': 'half a mod' });
    for (const [after, delay] of [
      [1, 0],
      [3, 2],
      [6, 20],
      [Number.POSITIVE_INFINITY, 0],
    ] as const) {
      const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(running, 'exit');
      let seen = 0;
      for await (const line of createInterface(running.stdout)) {
        expect(line).toMatch(/^\d+$|^deployed$/);
        if (++seen === after) setTimeout(() => running.kill('SIGKILL'), delay);
      }
      await exited;
      await using collection = await openCollection(folder.at('c'));
      const { settings, documents: count } = await collection.inspect();
      outcomes.push(settings.encoder.replace(/-.*/, ''));
      expect(count).toBe(many);
      expect((await collection.verify()).sound).toBe(true);
      expect(settings.dim).toBe(settings.encoder === 'hash:64' ? 64 : table.dim);
      const { hits } = await collection.search(`${documents[7]!.text} 7`, { retriever: 'dense', k: 3 });
      expect(hits.map(({ id }) => id)).toContain('n7');
      if (settings.encoder !== 'hash:64') break;
    }
    expect(outcomes[0]).toBe('hash:64');
    expect(outcomes.at(-1)).toBe('tuned:static');
    // What the killed ones had begun to write is gone.
    expect(readdirSync(folder.at('c/encoders')).filter((name) => name.startsWith('.'))).toEqual([]);

    // A version that was saved and not deployed, or replaced since, goes when the collection is compacted.
    folder.write({ 'c/encoders/static-000000000000/model.onnx': 'never deployed' });
    await using collection = await openCollection(folder.at('c'));
    const { encodersDropped } = await collection.compact();
    expect(encodersDropped).toBeGreaterThanOrEqual(1);
    const { encoder } = (await collection.inspect()).settings;
    expect(readdirSync(folder.at('c/encoders'))).toEqual([encoder.slice('tuned:'.length)]);
    expect((await collection.compact()).encodersDropped).toBe(0);
    expect((await collection.search(`${documents[7]!.text} 7`, { retriever: 'dense', k: 3 })).hits).toHaveLength(3);
    // With a damaged encoder nothing more is lost.
    folder.write({ 'c/encoders/static-000000000000/model.onnx': 'never deployed' });
    rmSync(folder.at(`c/encoders/${encoder.slice('tuned:'.length)}`), { recursive: true });
    expect((await collection.compact()).encodersDropped).toBe(0);
    expect(existsSync(folder.at('c/encoders/static-000000000000'))).toBe(true);
  }, 60_000);

  it('learns a compressed index again, from the new vectors', async () => {
    using folder = testFolder();
    const table = await shippedTable();
    const description = { form: 'static', base: 'hash:64', dim: table.dim, languages: ['en'] } as const;
    for (const spec of ['ivf8,pq8x8,refine:full', 'bin64,refine:full']) {
      const name = spec.slice(0, 3);
      await using collection = await openCollection(folder.at(name), { create: true, encoder: 'hash:64' });
      await collection.add(
        Array.from({ length: 400 }, (_, i) => ({ id: `n${i}`, text: `${documents[i % 48]!.text} ${i}` })),
      );
      await collection.rebuild({ spec });
      expect((await collection.inspect()).vectorIndex?.spec).toBe(spec);
      await collection.deploy({ description, files: new Map([['table.bin', writeTable(table)]]) });
      const { settings, vectorIndex } = await collection.inspect();
      expect(settings.dim).toBe(table.dim);
      expect(vectorIndex?.spec).toBe(spec);
      expect((await collection.verify()).sound).toBe(true);
      const query = `${documents[7]!.text} 7`;
      const found = (await collection.search(query, { retriever: 'dense', k: 3 })).hits.map(({ id }) => id);
      expect(found).toContain('n7');
    }
  }, 60_000);
});
