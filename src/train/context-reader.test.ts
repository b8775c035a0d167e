import { describe, expect, it } from 'vitest';
import type { LanguageModel, Message } from '../generate/index.ts';
import { contextReader } from './context-reader.ts';

const passages = [
  { id: 'winter.md', title: 'Winter', headings: [], text: 'The harbour\nwas closed.', language: 'en' },
  { id: 'lamps.md', title: '', headings: [], text: 'A red lamp means stop.', language: 'en' },
];

/** A model that says one thing, and keeps what it was given. */
function saying(text: string) {
  const given: (readonly Message[])[] = [];
  const model: LanguageModel = {
    id: 'saying',
    async *generate(prompt) {
      given.push(prompt as readonly Message[]);
      yield text;
    },
  };
  return { model, given };
}

describe('contextReader', () => {
  it('shows all passages by number, the question last, and reads ids from what is said', async () => {
    const { model, given } = saying('<think>1? No, 7.</think>2, 1, 2, 9');
    const find = await contextReader(model)(passages);
    expect(await find('What means stop?')).toEqual(['lamps.md', 'winter.md']);
    expect(given[0]!.at(-1)!.content).toBe(
      'ID: 1 | CONTENT: The harbour was closed. (Winter) | END ID: 1\n' +
        'ID: 2 | CONTENT: A red lamp means stop. | END ID: 2\n\nQuestion: What means stop?',
    );
    await find('When was it closed?');
    // Up to the question the same is read again.
    const [first, second] = given.map((messages) => messages.at(-1)!.content.split('Question:')[0]);
    expect(second).toBe(first);
  });

  it('finds nothing where the model names none', async () => {
    const find = await contextReader(saying('NONE').model)(passages);
    expect(await find('Who?')).toEqual([]);
    await expect(
      (async () => {
        const broken: LanguageModel = {
          id: 'broken',
          generate: () => {
            throw new Error('It is gone.');
          },
        };
        return (await contextReader(broken)(passages))('Who?');
      })(),
    ).rejects.toThrow('It is gone.');
  });
});
