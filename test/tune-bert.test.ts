import { readdirSync } from 'node:fs';
import { Vectors } from 'sagitta-search/base';
import { openEncoder } from 'sagitta-search/encode';
import { type TuneOptions, tune } from 'sagitta-search/train';
import { describe, expect, it } from 'vitest';
import { testFolder } from './support/files.ts';
import { tinyBert } from './support/tiny-bert.ts';
import { collectionIn, documents, examples } from './support/tuning.ts';

const texts = [...documents.map(({ text }) => text), ...examples.map(({ query }) => query)];
const options: TuneOptions = { examples, epochs: 8, learningRate: 1e-2, batchSize: 16, threads: 1 };

function leastCosine(a: Vectors, b: Vectors): number {
  const cosines = Array.from({ length: a.count }, (_, row) =>
    a.row(row).reduce((sum, value, d) => sum + value * b.row(row)[d]!, 0),
  );
  return Math.min(...cosines);
}

describe('tuning a BERT', () => {
  it('in full, by LoRA, by a side path and for queries alone: what was trained is what is served', async () => {
    using folder = testFolder();
    const model = folder.at('model');
    await tinyBert(model, texts);
    const ways: readonly (readonly [string, Partial<TuneOptions>])[] = [
      ['full', { what: 'encoder' }],
      ['lora', { what: 'encoder', tuning: { lora: { rank: 8, alpha: 8 } } }],
      ['side', { what: 'encoder', tuning: { side: { rank: 8 } } }],
      ['query', { what: 'query' }],
    ];
    for (const [name, way] of ways) {
      await using collection = await collectionIn(folder.at(name), `bert:${model}`);
      const report = await tune(collection, { ...options, ...way });
      expect({ name, better: report.better, reason: report.reason }).toEqual({ name, better: true });
      const version = report.deployed!.slice('tuned:'.length);
      expect(version).toMatch(/^bert-/);
      const home = folder.at(`${name}/encoders/${version}`);
      for (const file of ['model.safetensors', 'tokenizer.json', 'config.json', 'modules.json', '1_Pooling']) {
        expect(readdirSync(home)).toContain(file);
      }

      // The collection's vectors are those of the encoder that it now has, and near to those of its weights in floats.
      const served = (await collection.encoder())!;
      expect(served.denseShare).toBe(report.denseShare.after);
      expect(served.languages).toEqual(['en']);
      const passages = documents.map(({ text }) => text);
      const snapshot = await collection.snapshot();
      const stored = Vectors.fromRows(
        documents.map(({ id }) => snapshot.passageVector(snapshot.documentPassages(snapshot.findDocument(id)!).from)!),
      );
      snapshot.close();
      expect(leastCosine(stored, await served.encode(passages))).toBeGreaterThan(0.9999);
      if (name === 'full' || name === 'lora') {
        const float = await openEncoder(`bert:${home}?precision=float32`);
        expect(leastCosine(await float.encode(passages), stored)).toBeGreaterThan(0.99);
        const bytes = await openEncoder(`bert:${home}`);
        expect(leastCosine(await bytes.encode(passages), stored)).toBeGreaterThan(0.9999);
        for (const one of [float, bytes]) await one.dispose?.();
      }
      if (name === 'query' || name === 'full') continue;

      // It goes on from where it is, whatever was trained before.
      const further = await tune(collection, {
        ...options,
        what: 'encoder',
        epochs: 1,
        learningRate: 1e-6,
        dryRun: true,
      });
      expect(further.base).toBe(report.deployed);
      expect(further.parameters).toBe(report.parameters - (name === 'lora' ? LORA_PARAMETERS : 0));
      expect(Math.abs(further.dense.baselineMean - report.dense.systemMean)).toBeLessThan(0.02);
      expect(Math.abs(further.dense.difference)).toBeLessThan(0.02);
      const { hits } = await collection.search(examples[0]!.query, { retriever: 'dense', k: 10 });
      expect(hits.map(({ id }) => id)).toContain('d0');
    }
  }, 60_000);
});

/** Rank 8, two layers of 32 to 96, 32 to 32, 32 to 64 and 64 to 32. */
const LORA_PARAMETERS = 8 * 2 * (128 + 64 + 96 + 96);
