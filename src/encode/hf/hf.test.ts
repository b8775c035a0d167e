import { describe, expect, it } from 'vitest';
import { InvalidArgumentError, MissingPackageError } from '../../base/errors.ts';
import { openEncoder } from '../registry.ts';
import { type HfEncoderOptions, type HfModule, hfEncoder } from './hf.ts';

/** Words become tokens; the state of token `t` at position `p` is (length of t, p + 1); padding has wild states. */
function fakeModule(side: 'left' | 'right' = 'right', outputName = 'last_hidden_state') {
  const seen: { texts: string[][]; loads: [string, object][]; disposed: number } = {
    texts: [],
    loads: [],
    disposed: 0,
  };
  const module: HfModule = {
    AutoTokenizer: {
      async from_pretrained(name, settings) {
        if (name === 'absent') throw new Error('404');
        seen.loads.push([name, settings]);
        return async (texts) => {
          seen.texts.push(texts);
          const words = texts.map((text) => text.split(' ').filter(Boolean));
          const length = Math.max(1, ...words.map((list) => list.length));
          const mask = words.flatMap((list) => {
            const ones = list.map(() => 1n);
            const zeros = new Array<bigint>(length - list.length).fill(0n);
            return side === 'right' ? [...ones, ...zeros] : [...zeros, ...ones];
          });
          return { attention_mask: { dims: [texts.length, length], data: BigInt64Array.from(mask) }, words, length };
        };
      },
    },
    AutoModel: {
      async from_pretrained() {
        const run = async (inputs: object) => {
          const { words, length } = inputs as { words: string[][]; length: number };
          const data = words.flatMap((list) =>
            Array.from({ length }, (_, i) => {
              const p = side === 'right' ? i : i - (length - list.length);
              return list[p] === undefined ? [1000, -1000] : [list[p].length, p + 1];
            }).flat(),
          );
          return { [outputName]: { dims: [words.length, length, 2], data: Float32Array.from(data) } };
        };
        return Object.assign(run, {
          dispose: async () => {
            seen.disposed++;
          },
        }) as Awaited<ReturnType<HfModule['AutoModel']['from_pretrained']>>;
      },
    },
  };
  return { module, seen };
}
const open = (more: Partial<HfEncoderOptions> = {}, side: 'left' | 'right' = 'right') =>
  hfEncoder({ model: 'org/model', module: fakeModule(side).module, ...more });
const unit = (...v: number[]) => v.map((value) => (value / Math.hypot(...v)).toFixed(4));
const round = (v: Float32Array) => [...v].map((value) => value.toFixed(4));

describe('the transformers.js encoder', () => {
  it.each(['left', 'right'] as const)('pools tokens and not padding, with padding on the %s', async (side) => {
    const texts = ['aa', 'b ccc dddd', 'ee f'];
    const vectors = async (pooling: 'mean' | 'cls' | 'last') => (await open({ pooling }, side)).encode(texts);
    const mean = await vectors('mean');
    expect(texts.map((_, i) => round(mean.row(i)))).toEqual([unit(2, 1), unit(8 / 3, 2), unit(1.5, 1.5)]);
    const cls = await vectors('cls');
    expect(texts.map((_, i) => round(cls.row(i)))).toEqual([unit(2, 1), unit(1, 1), unit(2, 1)]);
    const last = await vectors('last');
    expect(texts.map((_, i) => round(last.row(i)))).toEqual([unit(2, 1), unit(4, 3), unit(1, 2)]);
  });

  it('leaves the length as it is when told to', async () => {
    const vectors = await (await open({ normalize: false })).encode(['b ccc dddd']);
    expect(round(vectors.row(0))).toEqual(['2.6667', '2.0000']);
  });

  it('gives the states of the tokens of each text', async () => {
    const sets = await (await open({}, 'left')).encodeTokens(['aa', 'b ccc dddd', 'ee f']);
    expect([...sets.offsets]).toEqual([0, 1, 4, 6]);
    expect(round(sets.item(1).row(2))).toEqual(unit(4, 3));
    expect(round(sets.item(2).row(0))).toEqual(unit(2, 1));
  });

  it('puts prefixes by role, and instructions into them', async () => {
    const { module, seen } = fakeModule();
    const encoder = await hfEncoder({ model: 'm', module, queryPrefix: 'Do {instruction}: ', documentPrefix: 'doc: ' });
    await encoder.encode(['x'], { role: 'query', instruction: 'it' });
    await encoder.encode(['x']);
    expect(seen.texts.slice(1)).toEqual([['Do it: x'], ['doc: x']]);
  });

  it('names in its id whatever changes the vectors, and passes on what it is told', async () => {
    const { module, seen } = fakeModule();
    const encoder = await hfEncoder({
      model: 'org/model',
      module,
      pooling: 'cls',
      queryPrefix: 'query: ',
      normalize: false,
      dtype: 'q8',
      revision: 'abc',
      cacheDir: '/cache',
    });
    expect(encoder.id).toBe('hf:org/model?pooling=cls&query=query%3A%20&normalize=false&dtype=q8&revision=abc');
    expect(seen.loads).toEqual([['org/model', { dtype: 'q8', revision: 'abc', cache_dir: '/cache' }]]);
    expect((await open()).id).toBe('hf:org/model');
    expect((await open()).dim).toBe(2);
  });

  it('runs texts of similar length together, and returns vectors in the order given', async () => {
    const { module, seen } = fakeModule();
    const encoder = await hfEncoder({ model: 'm', module, batchSize: 2 });
    const texts = ['a b c d', 'e', 'f g h i j', 'k'];
    const vectors = await encoder.encode(texts);
    expect(seen.texts.slice(1)).toEqual([
      ['e', 'k'],
      ['a b c d', 'f g h i j'],
    ]);
    expect(round(vectors.row(2))).toEqual(unit(1, 3));
    expect((await encoder.encode([''])).count).toBe(1);
  });

  it('says that the package is missing, and how to get it', async () => {
    await expect(hfEncoder({ model: 'm' })).rejects.toThrow(MissingPackageError);
    await expect(openEncoder('hf:org/model?pooling=cls')).rejects.toThrow('npm install @huggingface/transformers');
  });

  it('refuses models it cannot load or that have no states, and impossible settings', async () => {
    await expect(open({ model: 'absent' })).rejects.toThrow(/cannot load the model absent \(404\)/);
    const { module } = fakeModule('right', 'logits');
    await expect(hfEncoder({ model: 'm', module })).rejects.toThrow(/gives logits and no last_hidden_state/);
    await expect(open({ pooling: 'max' as 'mean' })).rejects.toThrow(InvalidArgumentError);
    await expect(open({ batchSize: 0 })).rejects.toThrow(InvalidArgumentError);
  });

  it('can be aborted, and refuses to work after it was disposed of', async () => {
    const { module, seen } = fakeModule();
    const encoder = await hfEncoder({ model: 'm', module, batchSize: 1 });
    const abort = new AbortController();
    const running = encoder.encode(['a', 'b'], { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(running).rejects.toThrow(/abort/);
    await encoder.dispose!();
    await encoder.dispose!();
    expect(seen.disposed).toBe(1);
    await expect(encoder.encode(['a'])).rejects.toThrow(/disposed/);
  });
});
