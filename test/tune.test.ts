import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { openCollection } from 'sagitta-search';
import { CorruptFileError, IncompatibleError, InvalidArgumentError } from 'sagitta-search/base';
import { openEncoder, shippedTable, writeTable } from 'sagitta-search/encode';
import type { LanguageModel } from 'sagitta-search/generate';
import { curveSvg, readArrays, readPairs, type TuneOptions, tune, writeArrays } from 'sagitta-search/train';
import { describe, expect, it } from 'vitest';
import { testFolder } from './support/files.ts';
import { collectionIn, documents, examples, THINGS, word } from './support/tuning.ts';

const options: TuneOptions = { examples, epochs: 30, learningRate: 5e-3, adapter: { form: 'linear' }, threads: 1 };

describe('tuning a collection', () => {
  it('learns what words of queries mean, deploys it, and the collection answers with it from then on', async () => {
    using folder = testFolder();
    await using collection = await collectionIn(folder.at('c'));
    const before = await collection.inspect();
    const seen: string[] = [];
    const report = await tune(collection, { ...options, onProgress: ({ phase }) => seen.push(phase) });
    expect(report.better).toBe(true);
    expect(report.dense.systemMean).toBeGreaterThan(report.dense.baselineMean + 0.2);
    expect(report.dense.p.adjusted).toBeLessThan(0.01);
    expect(report.served.systemMean).toBeGreaterThan(report.served.baselineMean + 0.2);
    expect(report).toMatchObject({ decidedOn: 'hybrid', learningRate: 5e-3, denseShare: { before: 0.4 } });
    expect(report.queries).toEqual({ train: 86, validation: 22, test: 36 });
    expect(report.deployed).toMatch(/^tuned:adapter-[0-9a-f]{12}$/);
    expect([...new Set(seen)]).toEqual(['preparing', 'validating', 'training', 'testing', 'deploying']);
    expect(curveSvg(report)).toContain('<polyline');

    const after = await collection.inspect();
    expect(after.settings.encoder).toBe(report.deployed);
    // Only queries are encoded differently: no segment was written.
    expect(after.segments).toEqual(before.segments);
    expect((await collection.verify()).sound).toBe(true);
    const query = `fix my ${word('slang', 3)} ${word('nick', 2)}`;
    const top = async () => (await collection.search(query, { retriever: 'dense', k: 3 })).hits.map(({ id }) => id);
    const hits = await top();
    await using again = await openCollection(folder.at('c'));
    expect((await again.search(query, { retriever: 'dense', k: 3 })).hits.map(({ id }) => id)).toEqual(hits);
    await again.add([{ id: 'new', text: 'Something else.' }]);

    // It can be tuned again, on top of itself.
    const further = await tune(collection, { ...options, dryRun: true, epochs: 1 });
    expect(further.base).toBe(report.deployed);
    expect(further.dense.baselineMean).toBeGreaterThan(report.dense.baselineMean);

    // What was deployed is an encoder of its own, too.
    const version = report.deployed!.slice('tuned:'.length);
    const encoder = await openEncoder(`tuned:${folder.at(`c/encoders/${version}`)}`);
    expect(encoder.denseShare).toBe(report.denseShare.after);
    expect((await encoder.encode([query], { role: 'query' })).dim).toBe(128);
    await encoder.dispose?.();
    // And plain onnxruntime opens it.
    const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node');
    const session = await InferenceSession.create(folder.at(`c/encoders/${version}/model.onnx`));
    expect(session.inputNames).toEqual(['given']);
    await session.release();

    truncateSync(folder.at(`c/encoders/${version}/model.onnx`), 100);
    await using broken = await openCollection(folder.at('c'));
    await expect(broken.search(query)).rejects.toThrow(CorruptFileError);
  });

  it('changes nothing on a dry run, or when there is no significant gain, and says so', async () => {
    using folder = testFolder();
    await using collection = await collectionIn(folder.at('c'));
    const before = readFileSync(folder.at('c/manifest.json'));
    const dry = await tune(collection, { ...options, dryRun: true });
    expect(dry.better).toBe(true);
    expect(dry.reason).toContain('dry run');
    const random = await tune(collection, {
      ...options,
      epochs: 2,
      examples: examples.map((example, i) => ({ ...example, relevant: [`d${(i * 7 + 3) % THINGS}`] })),
    });
    expect(random.better).toBe(false);
    expect(random.reason).toContain('no significant gain. Nothing was changed.');
    for (const report of [dry, random]) expect(report.deployed).toBeUndefined();
    expect(readFileSync(folder.at('c/manifest.json'))).toEqual(before);
    expect(existsSync(folder.at('c/encoders'))).toBe(false);
  });

  it('decides on the pipeline that the collection is searched with, or on one that is named', async () => {
    using folder = testFolder();
    await using collection = await collectionIn(folder.at('c'));
    const dry = { ...options, dryRun: true, epochs: 10 };
    const dense = await tune(collection, { ...dry, pipeline: 'meaning > group(1)' });
    expect(dense.decidedOn).toBe('meaning > group(1)');
    expect(dense.served.systemMean).toBeCloseTo(dense.dense.systemMean, 6);

    // Words alone rank the candidates again: whatever is trained, their order stays what it was.
    await collection.setDefaultPipeline('hybrid > rerank(words, depth=1000)');
    const standard = await tune(collection, dry);
    expect(standard).toMatchObject({ decidedOn: 'hybrid > rerank(words, depth=1000)', better: false });
    expect(standard.served.difference).toBeCloseTo(0, 6);
    expect(standard.reason).toContain('by hybrid > rerank(words, depth=1000) changed by 0.0000');
    expect(standard.reason).toMatch(/Dense retrieval by itself gained 0\.\d+/);

    await expect(tune(collection, { ...dry, pipeline: 'words' })).rejects.toThrow('does not search by meaning');
    await expect(tune(collection, { ...dry, pipeline: 'hybrid > cutt' })).rejects.toThrow('Did you mean "cut"?');
  });

  it('goes on after an interruption to the same result, bit for bit', async () => {
    using folder = testFolder();
    await using collection = await collectionIn(folder.at('c'));
    const whole = await tune(collection, { ...options, dryRun: true, patience: 100 });
    const controller = new AbortController();
    const interrupted = tune(collection, {
      ...options,
      dryRun: true,
      patience: 100,
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 40) controller.abort();
      },
    });
    await expect(interrupted).rejects.toThrow('aborted');
    expect(readdirSync(folder.at('c/tuning')).length).toBe(1);
    const resumed = await tune(collection, { ...options, dryRun: true, patience: 100, resume: true });
    expect(resumed.steps).toBe(whole.steps);
    expect(resumed.curve).toEqual(whole.curve);
    expect(resumed.dense).toEqual(whole.dense);
    expect(readdirSync(folder.at('c/tuning'))).toEqual([]);
  });

  it('trains on the pairs that the encoder confirms, and says how many it left out', async () => {
    using folder = testFolder();
    await using collection = await collectionIn(folder.at('c'));
    // Each query has the words of its document, and is said to be answered by another one as well.
    const half = examples.slice(0, THINGS).map((_, i) => ({
      query: `where is ${word('formal', i % 8)} ${word('proper', Math.floor(i / 8))}`,
      relevant: [`d${i}`, `d${(i + 9) % THINGS}`],
    }));
    const dry = { ...options, examples: half, epochs: 1, dryRun: true };
    const report = await tune(collection, { ...dry, consistency: { rank: 1 } });
    expect(report.inconsistent).toBe(report.queries.train);
    expect((await tune(collection, { ...dry, consistency: { rank: THINGS } })).inconsistent).toBe(0);
    expect(await tune(collection, dry)).not.toHaveProperty('inconsistent');
    const strict = tune(collection, { ...dry, consistency: { score: 0.999 } });
    await expect(strict).rejects.toThrow('0 of 58 pairs of training are consistent, too few to learn from.');
  });

  it('draws other negatives for every batch, and the same again where it goes on', async () => {
    using folder = testFolder();
    await using collection = await collectionIn(folder.at('c'));
    const drawn = { ...options, dryRun: true, patience: 100, epochs: 20, negatives: 3 };
    const curriculum = { from: 1, to: 0.01 };
    const whole = await tune(collection, { ...drawn, curriculum });
    const controller = new AbortController();
    const interrupted = tune(collection, {
      ...drawn,
      curriculum,
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 41) controller.abort();
      },
    });
    await expect(interrupted).rejects.toThrow('aborted');
    const resumed = await tune(collection, { ...drawn, curriculum, resume: true });
    expect(resumed.resumedFrom).toBe(41);
    expect(resumed.curve).toEqual(whole.curve);
    expect(whole.better).toBe(true);
    const hardest = await tune(collection, drawn);
    expect(hardest.curve[1]!.loss).not.toBe(whole.curve[1]!.loss);
  });

  it('refuses examples that cannot be used, before anything is trained', async () => {
    using folder = testFolder();
    await using collection = await collectionIn(folder.at('c'));
    const refused = async (given: Partial<TuneOptions>, message: string) => {
      const error = await tune(collection, { ...options, ...given }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as Error).message).toContain(message);
    };
    await refused({ examples: examples.slice(0, 19) }, 'There are 19 different queries. Give at least 20');
    await refused({ examples: [...examples, { query: 'x', relevant: ['nowhere'] }] }, 'such as "nowhere" (for "x")');
    await refused(
      { test: [{ query: ` ${examples[5]!.query.toUpperCase()} `, relevant: ['d1'] }] },
      'in both the training',
    );
    const tested = (relevant: string[]) =>
      examples.slice(0, 9).map(({ query }) => ({ query: `now ${query}`, relevant }));
    await refused({ test: tested(['nowhere']) }, '1 of the documents named are not in the collection');
    await refused({ test: tested(['d1']).slice(0, 7) }, 'There are 7 different queries to test on. Give at least 8');
    await refused({ what: 'encoder' }, 'The weights of the encoder "hash:128" cannot be trained');
    const twice = await tune(collection, { ...options, epochs: 1, dryRun: true, examples: [...examples, ...examples] });
    expect(twice.duplicates).toBe(examples.length);
    await using lexical = await openCollection(folder.at('l'), { create: true, encoder: 'none' });
    await expect(tune(lexical, options)).rejects.toThrow('has no embeddings');
  });

  it('takes a passage by its text, and a record by its own id', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:32' });
    await collection.add(
      documents.map(({ id, text }) => ({ id: `export.jsonl#${id}`, text: `${text} It is long.\n\nAnd it goes on.` })),
    );
    await collection.add([{ id: 'other.jsonl#d1', text: 'Of another file.' }]);
    const texts = new Map(documents.map(({ id, text }) => [id, ` ${text.toUpperCase().replaceAll(' ', '\n ')}`]));
    const named = (reference: (id: string) => string) =>
      examples.map(({ query, relevant }) => ({
        query,
        relevant: relevant.map(reference),
        negatives: ['Of another file.'],
      }));
    const common = { ...options, epochs: 2, dryRun: true };
    const byId = await tune(collection, { ...common, examples: named((id) => `export.jsonl#${id}`) });
    const byText = await tune(collection, { ...common, examples: named((id) => texts.get(id)!) });
    expect(byText.dense).toEqual(byId.dense);
    const byRecord = await tune(collection, {
      ...common,
      examples: named((id) => (id === 'd1' ? `export.jsonl#${id}` : id)),
    });
    expect(byRecord.dense).toEqual(byId.dense);
    // There are two records of that name.
    await expect(tune(collection, { ...common, examples: named((id) => id) })).rejects.toThrow('such as "d1"');
    const unknown = named(() => 'Nothing here says this.');
    await expect(tune(collection, { ...common, examples: unknown })).rejects.toThrow(
      'such as "Nothing here says this."',
    );
  });

  it('encodes passages again for a token table, and an encoder of another base is not deployed', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    const things = ['cat', 'car', 'storm', 'bread', 'piano', 'river', 'tax', 'virus', 'planet', 'shoe', 'law', 'tree'];
    await collection.add(things.map((thing) => ({ id: thing, text: `Everything about the ${thing}.` })));
    await collection.remove(['shoe']);
    const live = things.filter((thing) => thing !== 'shoe');
    const pairs = live.flatMap((thing) =>
      ['tell me of', 'explain', 'why'].map((phrase) => ({ query: `${phrase} ${thing}`, relevant: [thing] })),
    );
    const report = await tune(collection, { examples: pairs, what: 'table', epochs: 1, dryRun: true, threads: 1 });
    expect(report).toMatchObject({ base: 'hash:64', learningRate: 3e-3 });
    const table = await shippedTable();
    const description = { form: 'static', base: 'hash:64', dim: table.dim, languages: ['en'] } as const;
    const content = writeTable(table);
    const files = { description, files: new Map([['table.bin', content]]) };
    const id = await collection.deploy(files);
    const info = await collection.inspect();
    expect(info.settings.encoder).toBe(id);
    expect(info.documents).toBe(11);
    expect((await collection.verify()).sound).toBe(true);
    const { hits } = await collection.search('cat', { retriever: 'dense', k: 1 });
    expect(hits[0]!.id).toBe('cat');
    // The vectors are the table's.
    const encoder = await collection.encoder();
    const snapshot = await collection.snapshot();
    const ordinal = snapshot.documentPassages(snapshot.findDocument('piano')!).from;
    const [vector, expected] = [
      snapshot.passageVector(ordinal)!,
      (await encoder!.encode(['Everything about the piano.'])).row(0),
    ];
    expect([...vector].every((value, d) => Math.abs(value - expected[d]!) < 1e-6)).toBe(true);
    snapshot.close();

    const before = readFileSync(folder.at('c/manifest.json'));
    await expect(collection.deploy(files)).rejects.toThrow(IncompatibleError);
    const broken = {
      description: { ...description, base: id },
      files: new Map([['table.bin', content.slice(0, 1000)]]),
    };
    await expect(collection.deploy(broken)).rejects.toThrow(CorruptFileError);
    const controller = new AbortController();
    controller.abort();
    const sound = { ...files, description: { ...description, base: id } };
    await expect(collection.deploy(sound, { signal: controller.signal })).rejects.toThrow('aborted');
    expect(readFileSync(folder.at('c/manifest.json'))).toEqual(before);
    expect(readdirSync(folder.at('c/encoders')).length).toBe(1);
    expect((await collection.search('cat', { retriever: 'dense', k: 1 })).hits[0]!.id).toBe('cat');

    // A flipped bit of what it learned is found.
    const model = `encoders/${id.slice('tuned:'.length)}/table.bin`;
    const bytes = readFileSync(folder.at(`c/${model}`));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(folder.at(`c/${model}`), bytes);
    const { sound: intact, faults } = await collection.verify();
    expect(intact).toBe(false);
    expect(faults).toEqual([{ file: model, problem: 'it is damaged, or not the file that the manifest names' }]);
  });
});

describe('files of training', () => {
  it('pairs are read line by line, and a broken line is named', async () => {
    using folder = testFolder({
      'good.jsonl':
        '{"query":"a","document":"d1"}\n\n{"question":"b","documents":["d1","d2"],"negatives":["d3"]}\n' +
        '{"anchor":"c","positive":"The text of a passage.","negative":"Another text."}\n',
      'json.jsonl': '{"query":"a","document":"d1"}\nno\n',
      'empty.jsonl': '{"query":" ","document":"d1"}\n',
      'none.jsonl': '{"query":"a"}\n',
    });
    expect(await readPairs(folder.at('good.jsonl'))).toEqual([
      { query: 'a', relevant: ['d1'] },
      { query: 'b', relevant: ['d1', 'd2'], negatives: ['d3'] },
      { query: 'c', relevant: ['The text of a passage.'], negatives: ['Another text.'] },
    ]);
    await expect(readPairs(folder.at('json.jsonl'))).rejects.toThrow('line 2: it is not JSON');
    await expect(readPairs(folder.at('empty.jsonl'))).rejects.toThrow('line 1: the query is empty');
    await expect(readPairs(folder.at('none.jsonl'))).rejects.toThrow('line 1: it names no document');
    await expect(readPairs(folder.at('missing.jsonl'))).rejects.toThrow('missing.jsonl');
  });

  it('arrays come back as they were, and a damaged file is refused', async () => {
    using folder = testFolder();
    const path = folder.at('x/arrays.safetensors');
    const arrays = new Map([
      ['a', { data: Float32Array.of(1, -2.5, Number.NaN), shape: [3] }],
      ['b', { data: new Float32Array(0), shape: [0, 4] }],
    ]);
    expect(await readArrays(path)).toBeUndefined();
    await writeArrays(path, arrays, { step: '7' });
    const back = await readArrays(path);
    expect(back!.arrays).toEqual(arrays);
    expect(back!.metadata['step']).toBe('7');
    const bytes = readFileSync(path);
    for (const at of [bytes.length - 1, 20, 3]) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x40;
      writeFileSync(path, damaged);
      await expect(readArrays(path)).rejects.toThrow(CorruptFileError);
    }
    writeFileSync(path, bytes.subarray(0, 5));
    await expect(readArrays(path)).rejects.toThrow('cut short');
  });

  it('learns from a teacher that has a model write for every query, and searches do without it', async () => {
    using folder = testFolder();
    const asked: string[] = [];
    const named = /slang([a-h])([m-t]).*nick([a-h])([m-t])/s;
    const model: LanguageModel = {
      id: 'translator',
      async *generate(prompt) {
        const [, a, b, c, d] = named.exec(JSON.stringify(prompt))!;
        asked.push(`${a}${b}${c}${d}`);
        yield `The formal${a}${b} proper${c}${d} is described here.`;
      },
    };
    const languageModels = [{ name: 'translator', open: () => model }];
    await using collection = await openCollection(folder.at('c'), {
      create: true,
      encoder: 'hash:128',
      extensions: { languageModels },
    });
    await collection.add(documents);
    const report = await tune(collection, { ...options, epochs: 10, teacher: 'meaning > expand(hyde)' });
    expect(report).toMatchObject({ better: true, decidedOn: 'hybrid' });
    // Once for each training query, never for those that it was chosen and tested by.
    expect(asked).toHaveLength(report.queries.train);
    await collection.search(examples[0]!.query);
    expect(asked).toHaveLength(report.queries.train);
    await expect(tune(collection, { ...options, teacher: 'hybrid > rerank(nobody)' })).rejects.toThrow(/"nobody"/);
  });
});
