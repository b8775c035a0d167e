import { describe, expect, it } from 'vitest';
import { testFolder } from '../../test/support/files.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import { openCollection } from './open.ts';

/** As programs without types call it. */
type Untyped = Record<string, (...given: unknown[]) => Promise<unknown>>;

describe('arguments of another type than is declared', () => {
  it('are refused by name, with what to give', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:16' });
    await collection.add([{ id: 'a', text: 'oats' }]);
    const untyped = collection as unknown as Untyped;
    const calls: [string, ...unknown[]][] = [
      ['deploy', '/somewhere/tuned'],
      ['deploy', { id: 'my encoder', encode: () => undefined }],
      ['deploy', { description: { form: 'adapter', base: 'hash:16' } }],
      ['deploy', undefined],
      ['deployImpacts', 'impact', '/somewhere'],
      ['add', undefined],
      ['add', { id: 'b', text: 'one alone' }],
      ['remove', 'a'],
      ['remove', undefined],
      ['index', folder.path],
      ['similar'],
      ['similar', 'a'],
      ['document', undefined],
      ['ids', 'docs/'],
      ['embed', 'oats'],
      ['plan'],
      ['read', {}],
      ['queryLanguage', 5],
      ['suggestValues', 'oats'],
      ['setRelevance', 5],
      ['setReranker', {}],
      ['setFeedback', null],
      ['setCompressor', 'learned.bin'],
      ['setSynonyms', undefined],
      ['describe', undefined, 'x'],
      ['forgetSources', undefined],
      ['rebuild', 'ivf4'],
      ['reencode', undefined],
      ['addField', 'x'],
      ['removeField', undefined],
    ];
    for (const [name, ...given] of calls) {
      const error = await untyped[name]!(...given).then(
        () => undefined,
        (one: unknown) => one,
      );
      expect(error, name).toEqual(expect.any(InvalidArgumentError));
      expect((error as Error).message, name).toMatch(new RegExp(`^\`${name}\` was given .+\\. Give .+\\.$`));
    }
    expect(await collection.ids()).toEqual(['a']);
    await expect(untyped['deploy']!('/somewhere/tuned')).rejects.toThrow(
      '`deploy` was given the text "/somewhere/tuned". Give what a trained encoder is made of, { description, files }.',
    );
  });

  it('of opening are too', async () => {
    const open = openCollection as unknown as (...given: unknown[]) => Promise<unknown>;
    await expect(open(undefined)).rejects.toThrow('`openCollection` was given nothing. Give the path of a folder');
    await expect(open('c', 'minilm')).rejects.toThrow('was given the text "minilm" for its options.');
  });
});
